package producer

import (
	"context"
	"fmt"
	"time"

	"cardstream/record"
)

// Transaction is what one step writes: all of it or nothing. Records without offsets, and offsets without records, are
// both legal.
type Transaction struct {
	// Records go to the partitions they name. Those of one partition keep their order. They are only read until the call
	// returns.
	Records []record.Record

	// Offsets are, for each input partition, the next offset to read.
	Offsets map[record.TopicPartition]int64

	// Group is the consumer group that the offsets belong to. Mandatory where there are offsets.
	Group string

	// Membership is under which the offsets are committed. Nil means as nobody's: Kafka then checks no generation.
	Membership Membership
}

// Membership is one partition's view of this process's place in its consumer group.
type Membership interface {
	// Current returns the member id and the generation in which offsets are to be committed.
	Current() (memberID string, generation int32)

	// AfterRefusal is called when the coordinator refused that generation. It waits, bounded by ctx, until the member
	// knows a newer one, and errs where this process is no longer a member or no longer owns the partition.
	AfterRefusal(ctx context.Context, refused int32) (memberID string, generation int32, err error)
}

// UnknownOffset stands for an offset that the broker did not tell: a batch was written by an attempt whose answer was
// lost, and is so old that the broker remembers only that it has it.
const UnknownOffset = -1

// Result is what a committed transaction led to.
type Result struct {
	// LastOffsets is the offset of the last record written to each partition, or UnknownOffset.
	LastOffsets map[record.TopicPartition]int64

	// AppendTime is the latest log-append time of the batches by the brokers' clocks, in ms since the Unix epoch. Zero
	// where no topic of them has log-append time.
	AppendTime int64

	// MarkersLate says that this transaction could not begin for more than 100 ms, because the brokers were still writing
	// the markers of the last one: they have more to do than they can.
	MarkersLate bool

	// How long each phase took. Produce and OffsetCommit run side by side, or, in a transaction of version 2, in turn.
	Begin, Produce, OffsetCommit, End time.Duration
}

func (tx *Transaction) validate() error {
	if len(tx.Offsets) > 0 && tx.Group == "" {
		return fmt.Errorf("%w: offsets without a group", ErrInvalid)
	}
	return nil
}

func (tx *Transaction) member() (memberID string, generation int32) {
	if tx.Membership == nil {
		const noGeneration = -1
		return "", noGeneration
	}
	return tx.Membership.Current()
}
