package readcommitted_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cardstream/consumer/internal/readcommitted"
	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// entry is one batch of a log: a marker, or count records.
type entry struct {
	producer      int64
	transactional bool
	marker        recordbatch.MarkerKind // NoMarker for records
	count         int
	base          int64
	compacted     bool // its records are gone, the batch is not
}

func (e entry) last() int64 { return e.base + int64(e.count) - 1 }

// encode writes the batch as a broker has it.
func (e entry) encode(t interface{ Fatal(...any) }) []byte {
	records := make([]record.Record, e.count)
	if e.marker != recordbatch.NoMarker {
		records[0].Key = binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(e.marker))
	}
	b, err := recordbatch.Append(nil, recordbatch.Header{ProducerID: e.producer, Transactional: e.transactional}, records)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint64(b, uint64(e.base))
	if e.marker != recordbatch.NoMarker {
		const control = 1 << 5
		b[22] |= control
	}
	if e.compacted {
		b = b[:recordbatch.Overhead]
		binary.BigEndian.PutUint32(b[8:], recordbatch.Overhead-12)
		binary.BigEndian.PutUint32(b[57:], 0)
	}
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// history is a log of whole transactions, with what a broker knows of it.
type history struct {
	entries   []entry
	aborted   []readcommitted.AbortedTransaction
	endings   []int64 // of the aborted transactions, their markers' offsets
	committed []int64 // offsets of the records that are to be read
}

// drawHistory lets several producers write transactions side by side, and somebody without any.
func drawHistory(t *rapid.T) history {
	const producers = 3
	var h history
	var end int64
	open := map[int64][]entry{}
	add := func(e entry) {
		e.base = end
		end += int64(e.count)
		h.entries = append(h.entries, e)
		if e.marker == recordbatch.NoMarker && e.transactional {
			open[e.producer] = append(open[e.producer], e)
		}
	}
	finish := func(producer int64, kind recordbatch.MarkerKind) {
		written := open[producer]
		delete(open, producer)
		if kind == recordbatch.Abort && len(written) > 0 {
			h.aborted = append(h.aborted, readcommitted.AbortedTransaction{ProducerID: producer, FirstOffset: written[0].base})
			h.endings = append(h.endings, end)
		} else {
			for _, e := range written {
				h.commit(e)
			}
		}
		add(entry{producer: producer, transactional: true, marker: kind, count: 1})
	}
	kinds := rapid.SampledFrom([]recordbatch.MarkerKind{recordbatch.Abort, recordbatch.Commit})
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		producer := rapid.Int64Range(-1, producers-1).Draw(t, "producer")
		count := rapid.IntRange(1, 3).Draw(t, "count")
		compacted := rapid.IntRange(0, 4).Draw(t, "compacted") == 0
		switch {
		case producer < 0:
			e := entry{producer: -1, marker: recordbatch.NoMarker, count: count, compacted: compacted}
			e.base = end
			h.commit(e)
			add(e)
		case rapid.IntRange(0, 2).Draw(t, "ends") == 0:
			finish(producer, kinds.Draw(t, "kind"))
		default:
			add(entry{
				producer: producer, transactional: true, marker: recordbatch.NoMarker, count: count, compacted: compacted,
			})
		}
	}
	for producer := range int64(producers) {
		finish(producer, kinds.Draw(t, "kind"))
	}
	slices.Sort(h.committed)
	return h
}

func (h *history) commit(e entry) {
	for offset := e.base; offset <= e.last() && !e.compacted; offset++ {
		h.committed = append(h.committed, offset)
	}
}

// fetch is what a broker returns from an offset on: whole batches up to some number, and the aborted transactions that
// have anything to do with them.
func (h *history) fetch(t *rapid.T, offset int64, batches int) ([]byte, []readcommitted.AbortedTransaction, int64) {
	first := slices.IndexFunc(h.entries, func(e entry) bool { return e.last() >= offset })
	returned := h.entries[first:min(first+batches, len(h.entries))]
	var b []byte
	for _, e := range returned {
		b = append(b, e.encode(t)...)
	}
	end := returned[len(returned)-1].last() + 1
	var aborted []readcommitted.AbortedTransaction
	for i, a := range h.aborted {
		if a.FirstOffset < end && h.endings[i] >= offset {
			aborted = append(aborted, a)
		}
	}
	return b, rapid.Permutation(aborted).Draw(t, "aborted"), end
}

// Whatever the log, and wherever fetches begin and end: what is read is what was committed.
func TestWhatIsReadIsWhatWasCommitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		end := h.entries[len(h.entries)-1].last() + 1
		start := rapid.Int64Range(0, end-1).Draw(t, "start")
		var read []int64
		for offset := start; offset < end; {
			b, aborted, behind := h.fetch(t, offset, rapid.IntRange(1, 8).Draw(t, "batches"))
			cut := rapid.IntRange(0, recordbatch.Overhead).Draw(t, "of another batch")
			b = append(b, entry{producer: -1, marker: recordbatch.NoMarker, count: 1, base: behind}.encode(t)[:cut]...)
			result, err := readcommitted.Filter(b, aborted, offset)
			if err != nil {
				t.Fatal(err)
			}
			if result.Next != behind {
				t.Fatalf("from %d it went on to %d, not %d", offset, result.Next, behind)
			}
			for _, batch := range result.Batches {
				records, err := batch.Records(nil, "t", 0)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range records {
					if r.Offset >= offset { // whoever takes them leaves out what is below
						read = append(read, r.Offset)
					}
				}
			}
			offset = result.Next
		}
		want := slices.DeleteFunc(slices.Clone(h.committed), func(offset int64) bool { return offset < start })
		if !slices.Equal(read, want) {
			t.Fatalf("from %d read %v, want %v", start, read, want)
		}
	})
}

func TestAMarkerThatCompactionTookEndsItsTransactionToo(t *testing.T) {
	var b []byte
	for _, e := range []entry{
		{producer: 1, transactional: true, marker: recordbatch.NoMarker, count: 2, base: 0},
		{producer: 1, transactional: true, marker: recordbatch.Abort, count: 1, base: 2, compacted: true},
		{producer: 1, transactional: true, marker: recordbatch.NoMarker, count: 1, base: 3},
	} {
		b = append(b, e.encode(t)...)
	}
	result, err := readcommitted.Filter(b, []readcommitted.AbortedTransaction{{ProducerID: 1, FirstOffset: 0}}, 0)
	if err != nil || len(result.Batches) != 1 || result.Batches[0].BaseOffset != 3 || result.Next != 4 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestWhatIsGoodInFrontOfACorruptBatchIsReturned(t *testing.T) {
	good := entry{producer: -1, marker: recordbatch.NoMarker, count: 2, base: 5}.encode(t)
	bad := entry{producer: -1, marker: recordbatch.NoMarker, count: 2, base: 7}.encode(t)
	bad[len(bad)-1] ^= 1
	result, err := readcommitted.Filter(append(good, bad...), nil, 5)
	if !errors.Is(err, recordbatch.ErrCorrupt) || len(result.Batches) != 1 || result.Next != 7 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestNothingFetchedMovesNothing(t *testing.T) {
	if result, err := readcommitted.Filter(nil, nil, 9); err != nil || !reflect.DeepEqual(result, readcommitted.Result{Next: 9}) {
		t.Errorf("%+v, %v", result, err)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(entry{producer: 1, transactional: true, marker: recordbatch.NoMarker, count: 2}.encode(f), int64(1), int64(0), int64(0))
	f.Add(entry{producer: 1, transactional: true, marker: recordbatch.Abort, count: 1}.encode(f), int64(1), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, producer, first, offset int64) {
		result, err := readcommitted.Filter(b, []readcommitted.AbortedTransaction{{ProducerID: producer, FirstOffset: first}}, offset)
		if result.Next < offset {
			t.Errorf("from %d back to %d", offset, result.Next)
		}
		if err == nil && len(result.Batches) > 0 && result.Batches[len(result.Batches)-1].LastOffset >= result.Next {
			t.Errorf("%+v", result)
		}
	})
}
