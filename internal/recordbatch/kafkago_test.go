package recordbatch_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"pgregory.net/rapid"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

var allCodecs = []recordbatch.Codec{
	recordbatch.None, recordbatch.Gzip, recordbatch.Snappy, recordbatch.LZ4, recordbatch.Zstd,
}

// What is written here, kafka-go's codec reads as the same records.
func TestKafkaGoReadsOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header, records := genHeader().Draw(t, "header"), genRecords().Draw(t, "records")
		const prefix = 4 // of a record set, its length
		set := mustAppend(t, make([]byte, prefix), header, records)
		binary.BigEndian.PutUint32(set, uint32(len(set)-prefix))
		equalRecords(t, readKafkaGo(t, set), placed(records, "", 0, 0, header.Timestamp))
	})
}

// What kafka-go's codec writes, with any of the five codecs, is read here as the same records. (Its snappy is xerial's,
// framed.)
func TestWeReadKafkaGos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codec, records := rapid.SampledFrom(allCodecs).Draw(t, "codec"), genRecords().Draw(t, "records")
		at := rapid.Int64Range(1, 1<<42).Draw(t, "timestamp") // 0 is "now" to kafka-go
		batch := mustNext(t, kafkaGoBatch(t, codec, records, time.UnixMilli(at)))
		if batch.Codec != codec || batch.Count != len(records) || batch.ProducerID != recordbatch.NoProducer {
			t.Fatalf("%+v", batch)
		}
		equalRecords(t, mustRecords(t, batch), placed(records, "", 0, 0, at))
	})
}

// kafkaGoBatch writes a batch by kafka-go's codec.
func kafkaGoBatch(t tb, codec recordbatch.Codec, records []record.Record, at time.Time) []byte {
	t.Helper()
	set := protocol.RecordSet{
		Version: 2, Attributes: protocol.Attributes(codec),
		Records: protocol.NewRecordReader(kafkaGoRecords(records, at)...),
	}
	var written bytes.Buffer
	if _, err := set.WriteTo(&written); err != nil {
		t.Fatal(err)
	}
	return written.Bytes()[4:] // without the length of the set
}

func kafkaGoRecords(records []record.Record, at time.Time) []protocol.Record {
	out := make([]protocol.Record, len(records))
	for i, r := range records {
		out[i] = protocol.Record{Time: at, Key: kafkaGoBytes(r.Key), Value: kafkaGoBytes(r.Value)}
		for _, h := range r.Headers {
			out[i].Headers = append(out[i].Headers, protocol.Header(h))
		}
	}
	return out
}

// kafkaGoBytes keeps null an untyped nil: protocol.NewBytes(nil) is a nil pointer in an interface.
func kafkaGoBytes(b []byte) protocol.Bytes {
	if b == nil {
		return nil
	}
	return protocol.NewBytes(b)
}

// readKafkaGo reads a record set by kafka-go's codec.
func readKafkaGo(t tb, b []byte) []record.Record {
	t.Helper()
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bufio.NewReader(bytes.NewReader(b))); err != nil {
		t.Fatal(err)
	}
	var out []record.Record
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fromKafkaGo(t, r))
	}
}

func fromKafkaGo(t tb, r *protocol.Record) record.Record {
	t.Helper()
	out := record.Record{Offset: r.Offset, Timestamp: r.Time.UnixMilli()}
	if r.Time.IsZero() {
		out.Timestamp = 0
	}
	var err error
	if out.Key, err = protocol.ReadAll(r.Key); err != nil {
		t.Fatal(err)
	}
	if out.Value, err = protocol.ReadAll(r.Value); err != nil {
		t.Fatal(err)
	}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, record.Header(h))
	}
	return out
}
