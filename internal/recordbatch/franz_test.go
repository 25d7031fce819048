package recordbatch_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// What is written here, franz-go's client reads as the same records, checksum checked.
func TestFranzReadsOurs(t *testing.T) {
	theirs := kgo.DefaultDecompressor()
	rapid.Check(t, func(t *rapid.T) {
		header, records := genHeader().Draw(t, "header"), genRecords().Draw(t, "records")
		response := kmsg.NewFetchResponseTopicPartition()
		response.Partition = 7
		response.RecordBatches = mustAppend(t, nil, header, records)
		options := kgo.ProcessFetchPartitionOpts{Topic: "topic", Partition: 7}
		read, next := kgo.ProcessFetchPartition(options, &response, theirs, nil)
		if read.Err != nil || next != int64(len(records)) {
			t.Fatalf("next offset %d of %d records: %v", next, len(records), read.Err)
		}
		equalRecords(t, fromFranz(t, read.Records, header), placed(records, "topic", 7, 0, header.Timestamp))
	})
}

func fromFranz(t tb, records []*kgo.Record, h recordbatch.Header) []record.Record {
	t.Helper()
	var out []record.Record
	for _, r := range records {
		if r.ProducerID != h.ProducerID || r.ProducerEpoch != h.ProducerEpoch ||
			r.Attrs.IsTransactional() != h.Transactional {
			t.Fatalf("written by %+v, read as %+v", h, r)
		}
		one := record.Record{
			Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(),
			Key: r.Key, Value: r.Value,
		}
		for _, header := range r.Headers {
			one.Headers = append(one.Headers, record.Header(header))
		}
		out = append(out, one)
	}
	return out
}

// What franz-go's codecs write, with all five and gaps between offsets and times, is read here as the same records.
func TestWeReadFranzs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codec, records := rapid.SampledFrom(allCodecs).Draw(t, "codec"), genRecords().Draw(t, "records")
		base := rapid.Int64Range(0, 1<<50).Draw(t, "base offset")
		gap := rapid.Int32Range(1, 1000).Draw(t, "gap")
		apart := rapid.Int64Range(-1<<33, 1<<33).Draw(t, "milliseconds apart")
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli()

		var payload []byte
		for i, r := range records {
			payload = appendFranz(payload, r, int32(i)*gap, int64(i)*apart)
		}
		last := int32(len(records)) * gap // beyond the last record, as compaction leaves it
		written := kmsg.RecordBatch{
			FirstOffset: base, PartitionLeaderEpoch: 3, Magic: 2, Attributes: int16(codec), LastOffsetDelta: last,
			FirstTimestamp: at, MaxTimestamp: at, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
			NumRecords: int32(len(records)), Records: compressFranz(t, payload, codec),
		}
		batch := mustNext(t, sealed(written.AppendTo(nil)))
		if batch.LastOffset != base+int64(last) || batch.Codec != codec || batch.LeaderEpoch != 3 {
			t.Fatalf("%+v", batch)
		}
		want := placed(records, "", 0, 0, 0)
		for i := range want {
			want[i].Offset, want[i].Timestamp = base+int64(i)*int64(gap), at+int64(i)*apart
		}
		equalRecords(t, mustRecords(t, batch), want)
	})
}

func appendFranz(dst []byte, r record.Record, offsetDelta int32, timestampDelta int64) []byte {
	one := kmsg.Record{OffsetDelta: offsetDelta, TimestampDelta64: timestampDelta, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		one.Headers = append(one.Headers, kmsg.Header(h))
	}
	one.Length = int32(len(one.AppendTo(nil)) - 1) // without the length itself, which is 0 here and so one byte
	return one.AppendTo(dst)
}

func compressFranz(t tb, payload []byte, codec recordbatch.Codec) []byte {
	t.Helper()
	compression := []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	}[codec]
	theirs, err := kgo.DefaultCompressor(compression)
	if err != nil {
		t.Fatal(err)
	}
	if theirs == nil {
		return payload
	}
	out, used := theirs.Compress(new(bytes.Buffer), payload)
	if used != kgo.CompressionCodecType(codec) {
		t.Fatalf("franz-go compressed with %d instead of %s", used, codec)
	}
	return out
}
