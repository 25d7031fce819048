package stream

import (
	"context"
	"fmt"
	"time"

	"cardstream/producer"
	"cardstream/record"
)

// step takes one step, and reports whether it did anything. It is over when nothing fetched is left, or at a bound of
// records, bytes or time: at low load a record is committed at once, under load the steps grow by themselves.
func (t *task) step(ctx context.Context) (did bool, err error) {
	observed := t.source.Observed() // before the clock is read: what has been observed lies in the past
	t.guard.begin(t.position.Load(), observed, t.Clock())
	began := t.watch.mark()
	t.out = t.out[:0]
	consumed, full, err := t.consume(ctx, began)
	if err != nil {
		return false, err
	}
	more, err := t.wake(ctx)
	if err != nil {
		return false, err
	}
	if t.stateful != nil {
		if t.out, err = t.stateful.Flush(t.out); err != nil {
			return false, fmt.Errorf("flush: %w", err)
		}
	}
	if consumed == 0 && len(t.out) == 0 {
		return more, nil
	}
	t.began = began
	took, late, err := t.commit(ctx, began)
	if err != nil {
		return false, err
	}
	t.gap = t.spacing.after(took, late, full || more)
	t.Metrics.consumed.WithLabelValues(t.input.Topic).Add(float64(consumed))
	return true, nil
}

// takeChunk is how many records are asked for at a time, so that the bound of time is looked at now and then.
const takeChunk = 500

// consume handles what has been fetched, within the step's bounds, and returns how many records that were, and whether it
// met a bound.
func (t *task) consume(ctx context.Context, began mark) (consumed int, full bool, err error) {
	bytes := 0
	for consumed < t.StepRecords && bytes < t.StepBytes && t.watch.since(began) < t.StepTime {
		records, next, err := t.source.Take(min(takeChunk, t.StepRecords-consumed), t.StepBytes-bytes)
		if err != nil {
			return consumed, false, fmt.Errorf("read %s: %w", t.input, err)
		}
		if next == t.position.Load() {
			return consumed, false, nil
		}
		// Read after the records: nothing may be made before what it is made of was written.
		now := t.watch.now()
		if err := t.foresee(records); err != nil {
			return consumed, false, fmt.Errorf("foresee %s from offset %d: %w", t.input, records[0].Offset, err)
		}
		for i := range records {
			r := &records[i]
			if t.out, err = t.handler.Handle(ctx, r, now, t.out); err != nil {
				return consumed, false, fmt.Errorf("handle %s at offset %d: %w", t.input, r.Offset, err)
			}
			bytes += len(r.Key) + len(r.Value)
		}
		consumed += len(records)
		t.position.Store(next)
	}
	return consumed, true, nil
}

// foresee tells the handler what comes, where there is more than the handling itself would tell.
func (t *task) foresee(records []record.Record) error {
	if f, ok := t.handler.(Foreseer); ok && len(records) > 1 {
		return f.Foresee(records)
	}
	return nil
}

// wake lets the state act whose time has come, if this is the moment to decide that: see wakeGuard.
func (t *task) wake(ctx context.Context) (more bool, err error) {
	if t.stateful == nil || !t.guard.allows(t.position.Load()) {
		return false, nil
	}
	now, ahead := t.watch.look()
	if !t.watch.trusts(ahead) {
		return false, t.distrust(ctx, ahead)
	}
	due := t.guard.seen
	if now.Before(due) {
		due = now // the clock was set back
	}
	if t.out, more, err = t.stateful.Wake(ctx, due, now, t.StepWakes, t.out); err != nil {
		return false, fmt.Errorf("wake: %w", err)
	}
	return more, nil
}

// commit writes the step's outputs, the changes of state and the input offset in one transaction; only then is the local
// state changed. A crash between the two is healed by replaying the tail of the changelog.
//
// A step of wakes alone has no offset to commit. Leaving that out spares the brokers one request of three, and gives
// nothing away: whoever takes the partition over fences this producer before it reads anything
// (docs/decisions/0016-steps-of-wakes.md). It returns how long the transaction took, and whether the last one's markers had
// held it up.
func (t *task) commit(ctx context.Context, began mark) (took time.Duration, late bool, err error) {
	position := t.position.Load()
	step := t.transaction(t.out, position)
	if position == t.committed {
		step.Offsets = nil
	}
	sent := t.watch.mark()
	result, err := t.bounded(ctx, t.writer.Commit, step)
	if err != nil {
		t.Metrics.transactions.WithLabelValues(t.Stage, "failed").Inc()
		return 0, false, fmt.Errorf("commit step: %w", err)
	}
	answered := t.watch.mark()
	t.watch.observe(sent, answered, result.AppendTime)
	now := t.Clock()
	t.committed, t.settled = position, answered
	if t.stateful != nil {
		// Where the broker no longer knew the offset the checkpoint stays behind: then more is replayed, to the same end.
		if last, wrote := result.LastOffsets[t.stateful.Changelog()]; wrote && last != producer.UnknownOffset {
			t.changelog = last + 1
		}
		if err := t.stateful.Apply(now, t.changelog); err != nil {
			return 0, false, fmt.Errorf("apply step to local state: %w", err)
		}
	}
	t.handler.Committed(now)
	t.Metrics.transactions.WithLabelValues(t.Stage, "committed").Inc()
	t.Metrics.steps.WithLabelValues(t.Stage).Observe(time.Duration(answered - began).Seconds())
	return time.Duration(answered - sent), result.MarkersLate, nil
}

// unsettled reports whether the position is another one than the group has. None at all is as good as the beginning.
func (t *task) unsettled() bool {
	position := t.position.Load()
	return position != t.committed && position != 0
}

// commitPosition commits how far the task has read where no record says so: over aborted or compacted records the
// position moves without a step. Left behind, it would one day be out of range.
func (t *task) commitPosition(ctx context.Context) error {
	if !t.unsettled() {
		return nil
	}
	position := t.position.Load()
	if _, err := t.bounded(ctx, t.writer.Commit, t.transaction(nil, position)); err != nil {
		return fmt.Errorf("commit position: %w", err)
	}
	t.committed, t.settled = position, t.watch.mark()
	return nil
}

// distrustPause is how long a task waits before it looks again at a clock that is far off.
const distrustPause = 5 * time.Second

// distrust stands in for Wake while this process's clock is too far from the brokers': it measures again, as nothing
// else may be written meanwhile.
func (t *task) distrust(ctx context.Context, ahead time.Duration) error {
	if t.guard.retry > t.watch.mark() {
		return nil
	}
	t.guard.retry = t.watch.mark() + mark(distrustPause)
	t.log.Error("clock is too far from the brokers': nothing scheduled is sent until it is right",
		"offset", ahead, "bound", t.watch.bound)
	if len(t.out) > 0 {
		return nil // the step's own commit measures
	}
	_, err := t.barrier(ctx, t.position.Load()) // whose offset is aborted with it
	return err
}

// doubtPoll is how often an idle task looks whether its last transaction is still beyond doubt. Right behind an outage the
// brokers have more urgent things to do.
const doubtPoll = 15 * time.Second

// idle waits for records, a nudge or the next wake time, whichever is first, and keeps the committed offset from falling behind:
// also where something comes all the time, and none of it is a step. What the last step may have left open it settles:
// nobody could read it before the next one, and that may be far away.
func (t *task) idle(ctx, wanted context.Context) error {
	var wake <-chan time.Time
	nudge := t.nudge()
	wait, scheduled, err := t.untilWake()
	if err != nil {
		return err
	}
	if scheduled {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		wake = timer.C
	}
	var position <-chan time.Time
	if t.unsettled() {
		left := t.IdleCommit - t.watch.since(t.settled)
		if left <= 0 {
			return t.commitPosition(ctx)
		}
		timer := time.NewTimer(left)
		defer timer.Stop()
		position = timer.C
	}
	doubt := time.NewTicker(doubtPoll)
	defer doubt.Stop()
	for {
		select {
		case <-doubt.C:
			if t.writer.Doubtful() {
				return t.settle(ctx)
			}
			continue
		case <-t.source.Ready():
		case <-wake:
		case <-nudge:
		case <-position:
			return t.commitPosition(ctx)
		case <-wanted.Done():
		}
		return nil
	}
}

// settle makes the last transaction end everywhere, in no more time than the brokers would give one.
func (t *task) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.TransactionTimeout)
	defer cancel()
	if err := t.writer.Settle(ctx); err != nil {
		return fmt.Errorf("settle the last step: %w", err)
	}
	return nil
}

// nudge returns the channel by which the state may be told to look again; nil where it has none.
func (t *task) nudge() <-chan struct{} {
	if n, ok := t.handler.(Nudged); ok {
		return n.Nudge()
	}
	return nil
}

// untilWake returns how long to wait for the state's next wake time, and whether it has one.
func (t *task) untilWake() (time.Duration, bool, error) {
	if t.stateful == nil {
		return 0, false, nil
	}
	at, scheduled, err := t.stateful.NextWake()
	if err != nil || !scheduled {
		return 0, false, err
	}
	wait := at.Sub(t.Clock())
	if wait <= 0 {
		// It is due, and the guard held it back: look again when the position or the leader's view of it has moved.
		wait = t.GuardPoll
	}
	return wait, true, nil
}

// linger keeps the steps of a busy task apart: one begins no sooner than the spacing says after the one before it began. What
// comes in between shares a transaction; an idle task answers at once.
func (t *task) linger(wanted context.Context) {
	left := t.gap - t.watch.since(t.began)
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wanted.Done():
	}
}
