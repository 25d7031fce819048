package producer

import (
	"errors"
	"fmt"

	"cardstream/internal/cluster"
)

var (
	// ErrOutcomeUnknown is what a failed Commit is where the transaction may have been committed all the same. The log
	// knows: Init, then read what was committed.
	ErrOutcomeUnknown = errors.New("the transaction's outcome is unknown")

	// ErrNotInitialized is returned by Commit before Init, and after a failure until Init has succeeded again.
	ErrNotInitialized = errors.New("no transaction can begin before Init")

	// ErrTooLarge is what a *TooLargeError is.
	ErrTooLarge = errors.New("record is too large for a batch")

	// ErrInvalid is returned for a transaction that no broker could take. Nothing was sent.
	ErrInvalid = errors.New("invalid transaction")
)

// TooLargeError names a record that does not fit into a batch of its own. Nothing was sent: the same records without
// this one, or with a smaller one, can follow.
type TooLargeError struct {
	Index int // of the first such record, among those given
	Bytes int // what its batch would take at most, before compression
	Limit int // MaxBatchBytes
}

// Error says how much too large it is. It shows nothing of the record.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("record %d: %v: %d bytes, at most %d", e.Index, ErrTooLarge, e.Bytes, e.Limit)
}

// Is makes it an ErrTooLarge.
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// Kind is Stop: it is too large however often it is tried. A caller looks for ErrTooLarge first.
func (e *TooLargeError) Kind() cluster.Kind { return cluster.Stop }

// Error is a failure of a Transactional. Whatever the step, it needs Init before it can go on.
type Error struct {
	TransactionalID string
	Step            string // "init", "add partitions", "produce", "commit offsets", "commit", "abort"
	Err             error
	OutcomeUnknown  bool // it is an ErrOutcomeUnknown too
}

// Error names the transactional id, the step and what happened.
func (e *Error) Error() string {
	if e.OutcomeUnknown {
		return fmt.Sprintf("transactional id %q: %s: %v: %v", e.TransactionalID, e.Step, ErrOutcomeUnknown, e.Err)
	}
	return fmt.Sprintf("transactional id %q: %s: %v", e.TransactionalID, e.Step, e.Err)
}

// Unwrap returns what happened.
func (e *Error) Unwrap() error { return e.Err }

// Is makes it an ErrOutcomeUnknown where it is one.
func (e *Error) Is(target error) bool { return e.OutcomeUnknown && target == ErrOutcomeUnknown }

// Kind is Stop where somebody has to change something, and RestartTask for all else: what could be retried has been.
func (e *Error) Kind() cluster.Kind {
	if cluster.KindOf(e.Err) == cluster.Stop {
		return cluster.Stop
	}
	return cluster.RestartTask
}
