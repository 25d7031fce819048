package consumer

import (
	"errors"
	"fmt"

	"cardstream/internal/cluster"
	"cardstream/record"
)

var (
	// ErrOpenAlready is what Take returns of a Partition that was added while the fetcher had one of the same name open.
	ErrOpenAlready = errors.New("partition is open in this fetcher already")
	// ErrPartitionClosed is what Take returns after Close.
	ErrPartitionClosed = errors.New("partition is closed")
)

// OffsetOutOfRangeError is an offset that a partition does not have: below LogStart Kafka has deleted what was not read
// yet; above HighWatermark the topic is another one than the offset was committed for. Nothing is ever skipped by
// itself: a person decides.
type OffsetOutOfRangeError struct {
	record.TopicPartition
	Offset        int64 // asked for
	LogStart      int64
	HighWatermark int64
}

// Error tells which way the offset is out of range.
func (e *OffsetOutOfRangeError) Error() string {
	if e.Offset < e.LogStart {
		return fmt.Sprintf("%s: offset %d was deleted before it was read: the partition now begins at %d",
			e.TopicPartition, e.Offset, e.LogStart)
	}
	return fmt.Sprintf("%s: offset %d is beyond the partition's end, %d: it is not the topic the offset was committed for",
		e.TopicPartition, e.Offset, e.HighWatermark)
}

// Unwrap returns Kafka's error code.
func (e *OffsetOutOfRangeError) Unwrap() error { return cluster.OffsetOutOfRange }

// CorruptError is a batch that cannot be read. Records in front of it have been handed out; to pass over it is not for
// this package to decide.
type CorruptError struct {
	record.TopicPartition
	Offset int64 // from which on nothing can be read
	Err    error
}

// Error says where and what.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: offset %d cannot be read: %v", e.TopicPartition, e.Offset, e.Err)
}

// Unwrap returns what is wrong with the batch.
func (e *CorruptError) Unwrap() error { return e.Err }
