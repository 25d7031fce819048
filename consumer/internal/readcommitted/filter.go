package readcommitted

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"cardstream/internal/recordbatch"
)

// AbortedTransaction is one entry of the list that comes with a fetched partition.
type AbortedTransaction struct {
	ProducerID  int64
	FirstOffset int64
}

// Result is what remains of the fetched bytes of a partition.
type Result struct {
	// Batches have committed records, at least one each, and in the order of their offsets. The first may have records
	// below the offset asked for.
	Batches []recordbatch.Batch
	// Next is the offset to ask for next: behind the last complete batch, be it dropped, empty or compacted, and never
	// below the offset asked for.
	Next int64
}

// Filter goes through the batches that were fetched from an offset on. A batch cut off at the end is left for the next
// fetch. An error (recordbatch's) is about the bytes at Next; the result is good up to there.
func Filter(fetched []byte, aborted []AbortedTransaction, offset int64) (Result, error) {
	f := filter{pending: byFirstOffset(aborted), result: Result{Next: offset}}
	for rest := fetched; ; {
		batch, behind, err := recordbatch.Next(rest)
		if errors.Is(err, io.EOF) || errors.Is(err, recordbatch.ErrPartial) {
			return f.result, nil
		}
		if err == nil {
			err = f.add(batch)
		}
		if err != nil {
			return f.result, err
		}
		rest = behind
	}
}

func byFirstOffset(aborted []AbortedTransaction) []AbortedTransaction {
	order := func(a, b AbortedTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) }
	if slices.IsSortedFunc(aborted, order) {
		return aborted
	}
	return slices.SortedFunc(slices.Values(aborted), order)
}

type filter struct {
	pending  []AbortedTransaction // those that begin further on, ordered by where
	aborting map[int64]struct{}   // producers whose transaction at this place was aborted
	result   Result
}

// add judges one batch and moves on behind it.
func (f *filter) add(batch recordbatch.Batch) error {
	f.begin(batch.LastOffset)
	wanted, err := f.wanted(batch)
	if err != nil {
		return err
	}
	if batch.LastOffset < f.result.Next {
		return nil // wholly below what was asked for
	}
	if wanted {
		f.result.Batches = append(f.result.Batches, batch)
	}
	f.result.Next = batch.LastOffset + 1
	return nil
}

// begin moves the aborted transactions that begin at or before offset among those that are under way.
func (f *filter) begin(offset int64) {
	for len(f.pending) > 0 && f.pending[0].FirstOffset <= offset {
		if f.aborting == nil {
			f.aborting = make(map[int64]struct{})
		}
		f.aborting[f.pending[0].ProducerID] = struct{}{}
		f.pending = f.pending[1:]
	}
}

func (f *filter) wanted(batch recordbatch.Batch) (bool, error) {
	if batch.Control {
		return false, f.end(batch)
	}
	if _, aborted := f.aborting[batch.ProducerID]; aborted && batch.Transactional {
		return false, nil
	}
	return batch.Count > 0, nil
}

// end lets a marker close its producer's transaction. A commit marker does so as well (a transaction it ends is not one
// that the list speaks of), and so does a marker that compaction has taken out of its batch: it did stand there.
func (f *filter) end(batch recordbatch.Batch) error {
	if _, aborted := f.aborting[batch.ProducerID]; !aborted {
		return nil // of a committed transaction, as most are; or not about transactions
	}
	marker, err := batch.Marker()
	if err != nil {
		return fmt.Errorf("marker at offset %d: %w", batch.BaseOffset, err)
	}
	switch marker {
	case recordbatch.Abort, recordbatch.Commit, recordbatch.NoMarker:
		delete(f.aborting, batch.ProducerID)
	}
	return nil
}
