package recordbatch_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// benchRecords are records as cardstream has them: a short key, some 180 bytes of value, no headers.
func benchRecords(n int) []record.Record {
	records := make([]record.Record, n)
	for i := range records {
		records[i].Key = fmt.Appendf(nil, "serial_number:%011d", i*7919)
		value := bytes.Repeat(fmt.Appendf(nil, "%08x", uint32(i)*2654435761), 12)
		records[i].Value = append(value, "subscription_identifier number smartcard_identifier serial_number SET_PIN"...)
	}
	return records
}

const benchBatch = 500 // records

func reportRecords(b *testing.B) {
	b.ReportMetric(float64(b.N)*benchBatch/b.Elapsed().Seconds(), "records/s")
	b.ReportAllocs()
}

func BenchmarkAppend(b *testing.B) {
	records := benchRecords(benchBatch)
	for _, codec := range writable {
		b.Run(codec.String(), func(b *testing.B) {
			h := recordbatch.Header{Codec: codec, Timestamp: 1_700_000_000_000}
			buf := mustAppend(b, nil, h, records)
			b.SetBytes(int64(upperBound(records)))
			for b.Loop() {
				buf = mustAppend(b, buf[:0], h, records)
			}
			reportRecords(b)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	records := benchRecords(benchBatch)
	for _, codec := range writable {
		b.Run(codec.String(), func(b *testing.B) {
			buf := mustAppend(b, nil, recordbatch.Header{Codec: codec}, records)
			var got []record.Record
			b.SetBytes(int64(upperBound(records)))
			for b.Loop() {
				batch, _, err := recordbatch.Next(buf)
				if err != nil {
					b.Fatal(err)
				}
				if got, err = batch.Records(got[:0], "topic", 0); err != nil {
					b.Fatal(err)
				}
			}
			reportRecords(b)
		})
	}
}

// The same records through kafka-go's codec, which the two above replace.
func BenchmarkKafkaGoAppend(b *testing.B) {
	records := benchRecords(benchBatch)
	for _, codec := range writable {
		b.Run(codec.String(), func(b *testing.B) {
			var buf bytes.Buffer
			for b.Loop() {
				buf.Reset()
				set := protocol.RecordSet{
					Version: 2, Attributes: protocol.Attributes(codec),
					Records: protocol.NewRecordReader(kafkaGoRecords(records, time.UnixMilli(1_700_000_000_000))...),
				}
				if _, err := set.WriteTo(&buf); err != nil {
					b.Fatal(err)
				}
			}
			reportRecords(b)
		})
	}
}

func BenchmarkKafkaGoRead(b *testing.B) {
	records := benchRecords(benchBatch)
	for _, codec := range writable {
		b.Run(codec.String(), func(b *testing.B) {
			buf := make([]byte, 4)
			buf = mustAppend(b, buf, recordbatch.Header{Codec: codec}, records)
			binary.BigEndian.PutUint32(buf, uint32(len(buf)-4))
			for b.Loop() {
				if got := readKafkaGo(b, buf); len(got) != benchBatch {
					b.Fatalf("%d records", len(got))
				}
			}
			reportRecords(b)
		})
	}
}
