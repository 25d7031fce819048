package recordbatch_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// What testdata/java/Write.java wrote, by Kafka's own code.
const (
	javaTime = 1_700_000_000_000
	javaBase = 1000
)

func readJava(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "java", name+".batch"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// javaRecords are the records of most of those batches, so many milliseconds apart.
func javaRecords(base, apart int64) []record.Record {
	two := []record.Header{{Key: "first", Value: []byte("1")}, {Key: "second"}}
	records := []record.Record{
		{Key: []byte("key"), Value: []byte("value")},
		{Value: []byte{}, Headers: two},
		{Key: []byte("tombstone"), Headers: two},
		{Key: []byte{}, Value: []byte(strings.Repeat("0123456789", 100))},
		{},
	}
	for i := range records {
		records[i].Offset, records[i].Timestamp = base+int64(i), javaTime+int64(i)*apart
	}
	return records
}

// A batch for a produce request is, byte for byte, what Java's producer writes.
func TestAppendIsJavas(t *testing.T) {
	h := recordbatch.Header{ProducerID: 4711, ProducerEpoch: 3, BaseSequence: 17, Transactional: true, Timestamp: javaTime}
	got, want := mustAppend(t, nil, h, javaRecords(0, 0)), readJava(t, "produced")
	if string(got) != string(want) {
		t.Errorf("\n got %x\nwant %x", got, want)
	}
}

func TestReadJavas(t *testing.T) {
	produced := recordbatch.Batch{
		BaseOffset: javaBase, LastOffset: javaBase + 4, LeaderEpoch: 5, ProducerID: 4711, ProducerEpoch: 3, BaseSequence: 17,
		Transactional: true, Count: 5, BaseTimestamp: javaTime, MaxTimestamp: javaTime + 40,
	}
	compressed := func(codec recordbatch.Codec) recordbatch.Batch {
		b := produced
		b.Codec = codec
		return b
	}
	appended := recordbatch.Batch{
		BaseOffset: javaBase, LastOffset: javaBase + 4, LeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1,
		LogAppendTime: true, Count: 5, BaseTimestamp: javaTime, MaxTimestamp: javaTime + 12345,
	}
	appendedRecords := javaRecords(javaBase, 10)
	for i := range appendedRecords {
		appendedRecords[i].Timestamp = appended.MaxTimestamp
	}
	compacted := produced
	compacted.Transactional, compacted.Count = false, 1
	compacted.BaseTimestamp, compacted.MaxTimestamp = javaTime+60_000, javaTime+20 // the delete horizon
	emptied := compacted
	emptied.Count, emptied.BaseTimestamp, emptied.MaxTimestamp = 0, -1, javaTime+40

	for name, test := range map[string]struct {
		batch   recordbatch.Batch
		records []record.Record
	}{
		"none":            {produced, javaRecords(javaBase, 10)},
		"gzip":            {compressed(recordbatch.Gzip), javaRecords(javaBase, 10)},
		"snappy":          {compressed(recordbatch.Snappy), javaRecords(javaBase, 10)}, // in xerial's frames
		"lz4":             {compressed(recordbatch.LZ4), javaRecords(javaBase, 10)},
		"zstd":            {compressed(recordbatch.Zstd), javaRecords(javaBase, 10)},
		"log-append-time": {appended, appendedRecords},
		"compacted":       {compacted, javaRecords(javaBase, 10)[2:3]},
		"emptied":         {emptied, nil},
	} {
		t.Run(name, func(t *testing.T) {
			written := readJava(t, name)
			batch := mustNext(t, written)
			test.batch.Size = len(written)
			if got := recordbatch.WithoutRecords(batch); !reflect.DeepEqual(got, test.batch) {
				t.Errorf("\n got %+v\nwant %+v", got, test.batch)
			}
			equalRecords(t, mustRecords(t, batch), test.records)
		})
	}
}

func TestMarkers(t *testing.T) {
	for name, want := range map[string]recordbatch.MarkerKind{"abort": recordbatch.Abort, "commit": recordbatch.Commit} {
		batch := mustNext(t, readJava(t, name))
		if got, err := batch.Marker(); err != nil || got != want || got.String() != name {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if !batch.Control || !batch.Transactional || batch.ProducerID != 4711 || batch.LastOffset != javaBase {
			t.Errorf("%s: %+v", name, batch)
		}
	}
	data := mustNext(t, readJava(t, "none"))
	if _, err := data.Marker(); !errors.Is(err, recordbatch.ErrNotControl) {
		t.Errorf("records of users: %v, want ErrNotControl", err)
	}
}

// Compaction takes a marker away and keeps its batch while that is the last one of its producer.
func TestMarkerCompactedAway(t *testing.T) {
	written := readJava(t, "emptied")
	written[22] |= 1 << 5 // the control bit
	batch := mustNext(t, sealed(written))
	if got, err := batch.Marker(); got != recordbatch.NoMarker || err != nil {
		t.Errorf("%v, %v, want NoMarker", got, err)
	}
}

// Kafka's own compaction leaves no codec in an emptied batch; where another one does, there is nothing to decompress.
func TestEmptiedWithCodec(t *testing.T) {
	written := readJava(t, "emptied")
	written[22] |= byte(recordbatch.Gzip)
	if got := mustRecords(t, mustNext(t, sealed(written))); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestOldFormats(t *testing.T) {
	for _, name := range []string{"magic0", "magic1"} {
		if _, _, err := recordbatch.Next(readJava(t, name)); !errors.Is(err, recordbatch.ErrOldFormat) {
			t.Errorf("%s: %v, want ErrOldFormat", name, err)
		}
	}
}
