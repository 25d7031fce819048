package stream

import (
	"context"
	"time"

	"cardstream/record"
)

// Handler says what records lead to. It belongs to one life of one task and is called by that task's goroutine alone, so
// it needs no locks. An error from any method ends that life; one with a method StopsTask() bool that returns true stops
// the partition for good, until somebody has looked at it.
type Handler interface {
	// Handle appends to out the records that rec leads to. It may wait (for a schema, say) as long as ctx lives. What it
	// keeps of rec beyond the step it copies.
	Handle(ctx context.Context, rec *record.Record, now time.Time, out []record.Record) ([]record.Record, error)

	// Committed says that everything handled since the last call has been committed: the moment to count it.
	Committed(now time.Time)

	// Close ends the handler's life; what was handled and not committed is dropped.
	Close()
}

// StatefulHandler is a Handler that remembers: its state is a compacted topic, of which it keeps a copy on local disk,
// and part of it acts by itself when its time has come.
type StatefulHandler interface {
	Handler

	// Changelog names the partition of the topic that holds the state.
	Changelog() record.TopicPartition

	// Checkpoint returns the changelog offset up to which the local state is complete: replay begins there. The changelog
	// holds what is left from start on, and replay will end at end. Local state that cannot belong to this changelog, or
	// ends before its start, is wiped, and start returned.
	Checkpoint(now time.Time, start, end int64) (int64, error)

	// Restore applies changelog records, in order.
	Restore(ctx context.Context, records []record.Record) error

	// Restored says that the replay has reached its end: next is the first changelog offset not replayed.
	Restored(ctx context.Context, now time.Time, next int64) error

	// Wake appends what the state leads to because its time had come at due, in order of that time, at most limit
	// requests of it. What happened between due and now may not have been read yet: due decides, and now is what to
	// write down. more says that there is more to wake at once.
	Wake(ctx context.Context, due, now time.Time, limit int, out []record.Record) (_ []record.Record, more bool, err error)

	// NextWake returns when Wake has something to do next, and whether it has anything at all.
	NextWake() (time.Time, bool, error)

	// Flush appends the changelog records of everything that has changed in this step, each request once. The machine
	// calls it once a step, after the last Handle and Wake; a step that leads to nothing at all is not committed.
	Flush(out []record.Record) ([]record.Record, error)

	// Apply keeps the step's changes in the local state, after the transaction has committed. next is the changelog
	// offset behind the step's last changelog record; with no such record in the step, that of the step before.
	Apply(now time.Time, next int64) error
}

// Foreseer is a Handler that is quicker where it knows a step's records before it handles one after the other.
type Foreseer interface {
	// Foresee says that Handle will be called with these records in turn, if nothing goes wrong. It changes nothing, and
	// keeps nothing of the records.
	Foresee(records []record.Record) error
}

// Nudged is a StatefulHandler whose state may come to act by something that is neither a record nor its next wake time.
type Nudged interface {
	// Nudge returns a channel that is closed when that has happened: the task asks before it asks for NextWake, and if
	// it is closed while the task idles, it takes another step. NextWake must then have something to do at once, until
	// Wake has seen to it.
	Nudge() <-chan struct{}
}

// stopper is an error that says itself whether trying again can help.
type stopper interface {
	error
	StopsTask() bool
}
