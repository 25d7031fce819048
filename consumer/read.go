package consumer

import (
	"context"
	"iter"

	"cardstream/record"
)

// Bounds of one Take in Read.
const (
	readRecords = 1000
	readBytes   = 1 << 20
)

// Read yields the committed records of a partition from one offset up to, and not including, another, waiting for those
// that are not written yet. It ends when the position has reached that offset, also where no record stands in front of
// it. An error, which is the last thing yielded, is ctx's cause or one of Partition.Take. The partition is open in the
// fetcher meanwhile.
func Read(ctx context.Context, f *Fetcher, tp record.TopicPartition, from, until int64) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		if from >= until {
			return
		}
		p := f.Add(tp, from)
		defer p.Close()
		for next := from; next < until; {
			select {
			case <-p.Ready():
			case <-ctx.Done():
				yield(record.Record{}, context.Cause(ctx))
				return
			}
			var records []record.Record
			var err error
			if records, next, err = p.Take(readRecords, readBytes); err != nil {
				yield(record.Record{}, err)
				return
			}
			for _, r := range records {
				if r.Offset >= until || !yield(r, nil) {
					return
				}
			}
		}
	}
}
