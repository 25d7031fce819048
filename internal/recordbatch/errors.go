package recordbatch

import (
	"errors"
	"fmt"
)

// What can be wrong with a batch. Errors of this package wrap one of these and say in which batch, and what; they never
// hold a key or a value.
var (
	// ErrPartial is a batch whose end is missing. At the end of a fetch response that is legal (brokers cut at a size)
	// and the rest comes with the next fetch. A response that begins with one is not: since KIP-74 a broker returns the
	// first batch whole whatever its size, so asking again would go on for ever.
	ErrPartial = errors.New("record batch is cut off")
	// ErrCorrupt is a batch that cannot be what its writer meant: checksum, lengths, counts or compressed bytes are
	// wrong. Reading the same bytes again will not help; fetching them again may.
	ErrCorrupt = errors.New("record batch is corrupt")
	// ErrOldFormat is a message set of magic 0 or 1, written before Kafka 0.11. Kafka 4 keeps none.
	ErrOldFormat = errors.New("record batch is of a format older than v2 (Kafka 0.11)")
	// ErrTooLarge is a batch that would take more than MaxMemory to read, or more than a batch's 2 GiB to write.
	ErrTooLarge = errors.New("record batch is too large")
	// ErrNoRecords is an attempt to write a batch without records: brokers refuse it.
	ErrNoRecords = errors.New("record batch has no records")
	// ErrCodec is an attempt to write with a codec that is only read, or does not exist.
	ErrCodec = errors.New("records cannot be written with this codec")
	// ErrNotControl is a question for the marker of a batch that is no control batch.
	ErrNotControl = errors.New("record batch is not a control batch")
)

// corrupt says what is wrong with a batch; where, its caller adds.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}
