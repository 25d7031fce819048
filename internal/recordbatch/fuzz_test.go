package recordbatch_test

import (
	"os"
	"path/filepath"
	"testing"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// FuzzNext reads bytes as a fetch response, once as they are and once with the first batch's length and checksum put
// right, without which no change would ever reach what is behind the checksum. It must never panic, must end, and what
// it reads must be the same when it is written and read again. (Run it with -fuzzminimizetime=10x: each of its
// executions allocates, and making its seeds smaller would take minutes.)
func FuzzNext(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "java", "*.batch"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d seeds: %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		walk(t, b)
		if len(b) > recordbatch.Overhead {
			walk(t, sealed(b))
		}
	})
}

func walk(t *testing.T, b []byte) {
	for {
		batch, rest, err := recordbatch.Next(b)
		if err != nil {
			if len(rest) != len(b) {
				t.Fatalf("%d of %d bytes are left with %v", len(rest), len(b), err)
			}
			return
		}
		if batch.Size != len(b)-len(rest) || batch.Size < recordbatch.Overhead {
			t.Fatalf("a batch of %d bytes took %d", batch.Size, len(b)-len(rest))
		}
		if batch.Control {
			_, _ = batch.Marker() // whatever it says: no panic
		}
		if records, err := batch.Records(nil, "", 0); err == nil {
			plausible(t, &batch, records)
			again(t, batch, records)
		}
		b = rest
	}
}

// plausible checks what readers rely on.
func plausible(t *testing.T, batch *recordbatch.Batch, records []record.Record) {
	if len(records) != batch.Count {
		t.Fatalf("%d records, %d announced", len(records), batch.Count)
	}
	before := batch.BaseOffset - 1
	for i := range records {
		if records[i].Offset <= before || records[i].Offset > batch.LastOffset {
			t.Fatalf("offset %d behind %d in a batch up to %d", records[i].Offset, before, batch.LastOffset)
		}
		before = records[i].Offset
	}
}

// again writes records that were read, and reads them: nothing but offsets and times is lost.
func again(t *testing.T, batch recordbatch.Batch, records []record.Record) {
	if len(records) == 0 {
		return
	}
	h := recordbatch.Header{
		ProducerID: batch.ProducerID, ProducerEpoch: batch.ProducerEpoch, BaseSequence: batch.BaseSequence,
		Transactional: batch.Transactional, Codec: writable[len(records)%len(writable)], Timestamp: batch.MaxTimestamp,
	}
	written := mustAppend(t, nil, h, records)
	if len(written) > upperBound(records) {
		t.Fatalf("%d bytes, RecordSize promised at most %d", len(written), upperBound(records))
	}
	equalRecords(t, mustRecords(t, mustNext(t, written)), placed(records, "", 0, 0, h.Timestamp))
}
