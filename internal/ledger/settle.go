package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// ErrStuck says that a run has not come to its end and that nothing moves any more.
var ErrStuck = errors.New("stuck")

// WaitSettled returns nil when the witness has read everything that is committed, every command has its outcome, every
// request its end, and every result of the headend its effect. It returns ErrStuck when nothing has moved for as long as quiet although something is missing;
// waiting for a scheduled date is not being stuck, and quiet is counted from that date then.
func (w *Witness) WaitSettled(ctx context.Context, quiet time.Duration) error {
	return w.wait(ctx, quiet, func(p *progress) bool { return p.answered() && len(p.open) == 0 && p.heard() })
}

// WaitAnswered is WaitSettled for requests that are scheduled for a far day: their end is not waited for.
func (w *Witness) WaitAnswered(ctx context.Context, quiet time.Duration) error {
	return w.wait(ctx, quiet, (*progress).answered)
}

// CatchUp returns when the witness has taken in everything that is committed now, settled or not. Brokers that are away
// are waited for, as long as ctx allows.
//
// A transaction that is committed shows itself in one partition before it does in another, as each has a marker of its
// own. So what is waited for is what has been written, the high watermarks: all of it comes to be committed or aborted.
func (w *Witness) CatchUp(ctx context.Context) error {
	written := kadm.NewClient(w.client).ListEndOffsets
	ends, err := w.ends(ctx, written)
	for err != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("witness: %w", errors.Join(ctx.Err(), err))
		case <-time.After(200 * time.Millisecond):
			ends, err = w.ends(ctx, written)
		}
	}
	return w.until(ctx, forever, func() bool { return w.hasRead(ends) })
}

// forever is longer than any wait.
const forever = 1 << 62

// wait reads up to the end of the topics until it finds the goal reached there.
func (w *Witness) wait(ctx context.Context, quiet time.Duration, goal func(*progress) bool) error {
	atGoal := func() bool {
		w.book.mu.Lock()
		defer w.book.mu.Unlock()
		return goal(&w.book.progress)
	}
	for {
		if err := w.until(ctx, quiet, atGoal); err != nil {
			return err
		}
		if err := w.CatchUp(ctx); err != nil {
			return err
		}
		if atGoal() {
			return nil
		}
	}
}

// until waits for a condition that only reading can make true.
func (w *Witness) until(ctx context.Context, quiet time.Duration, met func() bool) error {
	patience := time.NewTimer(quiet)
	defer patience.Stop()
	last := w.taken()
	for {
		w.mu.Lock()
		moved, err := w.moved, w.err
		w.mu.Unlock()
		if err != nil {
			return fmt.Errorf("witness: %w", err)
		}
		if met() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
			if now := w.taken(); now != last {
				last = now
				patience.Reset(quiet)
			}
		case <-patience.C:
			wait := w.untilNextDue()
			if wait == 0 {
				return w.stuck(quiet)
			}
			patience.Reset(wait + quiet)
		}
	}
}

// stuck says what is missing, and the last trouble with the brokers, which may be why.
func (w *Witness) stuck(quiet time.Duration) error {
	progress := w.Progress()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != nil {
		progress += fmt.Sprintf(" (last trouble: %v)", w.last)
	}
	return fmt.Errorf("%w: nothing moved for %s: %s", ErrStuck, quiet, progress)
}

// taken counts the records taken in.
func (w *Witness) taken() uint64 {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	return w.book.progress.last
}

// untilNextDue returns how long it is until the next open request is due; 0 where none is still to come.
func (w *Witness) untilNextDue() time.Duration {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	now := time.Now().UnixMilli()
	if next := w.book.progress.waitingUntil(now); next > 0 {
		return time.Duration(next-now) * time.Millisecond
	}
	return 0
}

// hasRead reports whether everything before ends has been taken in.
func (w *Witness) hasRead(ends map[string]map[int32]int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for topic, partitions := range ends {
		for partition, end := range partitions {
			if w.next[topic][partition] < end {
				return false
			}
		}
	}
	return true
}

// Progress says in words how far the run has come.
func (w *Witness) Progress() string {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	return w.book.progress.String()
}

// Unsettled counts what is still to come to its end: commands without an outcome, requests without an end, and results
// without their effect.
func (w *Witness) Unsettled() int {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	p := &w.book.progress
	return max(p.wanted-p.seen, 0) + len(p.open) + len(p.unrouted) + len(p.accepted)
}

// Completed counts the requests that are COMPLETED.
func (w *Witness) Completed() int {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	return len(w.book.progress.done)
}

// Busy reports whether there is work in hand, as far as the witness has read: a command without its outcome, or a request
// that is due and has no end.
func (w *Witness) Busy() bool {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	p := &w.book.progress
	return !p.answered() || p.overdue(time.Now().UnixMilli())
}
