package producer

import (
	"context"

	"cardstream/record"
)

// NextSequence is the sequence number that follows after so many records from this one on.
func NextSequence(sequence int32, records int) int32 {
	tp := record.TopicPartition{}
	i := identity{sequences: map[record.TopicPartition]int32{tp: sequence}}
	i.take(tp, records)
	return i.take(tp, 0)
}

// LeftOpen reports whether a takeover would find anything open now.
func (t *Transactional) LeftOpen(ctx context.Context) (bool, error) { return t.leftOpen(ctx) }
