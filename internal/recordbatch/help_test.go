package recordbatch_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// tb is what testing.TB and rapid.T have in common.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func mustAppend(t tb, dst []byte, h recordbatch.Header, records []record.Record) []byte {
	t.Helper()
	out, err := recordbatch.Append(dst, h, records)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mustNext reads one batch which is all there is.
func mustNext(t tb, b []byte) recordbatch.Batch {
	t.Helper()
	batch, rest, err := recordbatch.Next(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) != 0 {
		t.Fatalf("%d bytes are left behind the batch", len(rest))
	}
	return batch
}

func mustRecords(t tb, b recordbatch.Batch) []record.Record {
	t.Helper()
	records, err := b.Records(nil, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// upperBound is what a batch of these records may take by what RecordSize promises.
func upperBound(records []record.Record) int {
	size := recordbatch.Overhead
	for i := range records {
		size += recordbatch.RecordSize(&records[i])
	}
	return size
}

// placed returns the records as they are read from there.
func placed(records []record.Record, topic string, partition int32, offset, timestamp int64) []record.Record {
	out := slices.Clone(records)
	for i := range out {
		out[i].Topic, out[i].Partition, out[i].Offset, out[i].Timestamp = topic, partition, offset+int64(i), timestamp
	}
	return out
}

func equalRecords(t tb, got, want []record.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !equalRecord(&got[i], &want[i]) {
			t.Fatalf("record %d of %d:\n got %+v\nwant %+v", i, len(got), got[i], want[i])
		}
	}
}

func equalRecord(a, b *record.Record) bool {
	return a.TopicPartition() == b.TopicPartition() && a.Offset == b.Offset && a.Timestamp == b.Timestamp &&
		equalBytes(a.Key, b.Key) && equalBytes(a.Value, b.Value) &&
		slices.EqualFunc(a.Headers, b.Headers, func(a, b record.Header) bool {
			return a.Key == b.Key && equalBytes(a.Value, b.Value)
		})
}

// equalBytes tells null from empty.
func equalBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// sealed returns the first batch in b with its length and checksum put right, as a hostile writer would.
func sealed(b []byte) []byte {
	b = slices.Clone(b)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func genHeader() *rapid.Generator[recordbatch.Header] {
	return rapid.Custom(func(t *rapid.T) recordbatch.Header {
		return recordbatch.Header{
			ProducerID:    rapid.Int64Min(-1).Draw(t, "producer id"),
			ProducerEpoch: rapid.Int16Min(-1).Draw(t, "producer epoch"),
			BaseSequence:  rapid.Int32Min(-1).Draw(t, "base sequence"),
			Transactional: rapid.Bool().Draw(t, "transactional"),
			Codec:         rapid.SampledFrom(writable).Draw(t, "codec"),
			Timestamp:     rapid.Int64Range(0, 1<<42).Draw(t, "timestamp"),
		}
	})
}

// genRecords makes batches of few and of many records, with all that may be null, empty, short and long.
func genRecords() *rapid.Generator[[]record.Record] {
	one := rapid.Custom(func(t *rapid.T) record.Record {
		return record.Record{
			Key:     genNullable().Draw(t, "key"),
			Value:   genNullable().Draw(t, "value"),
			Headers: rapid.SliceOfN(genRecordHeader(), 0, 3).Draw(t, "headers"),
		}
	})
	return rapid.Custom(func(t *rapid.T) []record.Record {
		some := rapid.SliceOfN(one, 1, 20).Draw(t, "some")
		return slices.Repeat(some, rapid.SampledFrom([]int{1, 1, 1, 7, 70}).Draw(t, "times"))
	})
}

func genRecordHeader() *rapid.Generator[record.Header] {
	return rapid.Custom(func(t *rapid.T) record.Header {
		return record.Header{Key: rapid.String().Draw(t, "header key"), Value: genNullable().Draw(t, "header value")}
	})
}

func genNullable() *rapid.Generator[[]byte] {
	return rapid.OneOf(
		rapid.Just([]byte(nil)),
		rapid.Just([]byte{}),
		rapid.SliceOfN(rapid.Byte(), 1, 100),
		rapid.Custom(func(t *rapid.T) []byte {
			return bytes.Repeat([]byte{'x'}, rapid.SampledFrom([]int{63, 64, 127, 128, 8191, 8192, 20000}).Draw(t, "long"))
		}),
	)
}

func allocs(t *testing.T, name string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(100, f); got > want {
		t.Errorf("%s allocates %v times, want %v", name, got, want)
	}
}
