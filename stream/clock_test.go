package stream_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A clock that is far from the brokers' decides nothing: it is measured again every five seconds, by a barrier, as
// nothing else may be written; and once it is right what was held back is sent.
func TestAClockThatIsNotTrustedWakesNothing(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				right := time.Now().Add(63 * time.Second)
				w.broker = func() time.Time {
					if now := time.Now(); !now.Before(right) {
						return now
					}
					return time.Now().Add(-off)
				}
				w.append("a 50s")
				w.start()
				w.pass(49 * time.Second)
				w.takeScript()
				w.pass(13 * time.Second)
				w.wantScript("barrier offset 1", "barrier offset 1", "barrier offset 1")
				if got := w.gauge("cardstream_clock_offset_seconds"); got != off.Seconds() {
					t.Errorf("clock_offset_seconds %v, want %v", got, off.Seconds())
				}
				w.pass(4 * time.Second)
				w.wantScript("barrier offset 1", "wake 1m5.01s", "commit [out:a woke state:1 0s] no offset", "apply 13")
				w.wantOutputs(1, "a=1", "a woke")
			})
		})
	}
}

// Records are handled whatever the clock says: only what is decided by it waits.
func TestAClockThatIsNotTrustedHoldsNoRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = func() time.Time { return time.Now().Add(time.Minute) }
		w.start()
		w.append("a", "b")
		synctest.Wait()
		w.wantOutputs(2, "a=1", "b=1")
	})
}

// An offset within the bound is no reason to wait.
func TestAClockWithinItsBoundIsTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = func() time.Time { return time.Now().Add(w.config.ClockBound) }
		w.append("a 1m")
		w.start()
		w.pass(time.Minute)
		w.wantOutputs(1, "a=1", "a woke")
	})
}

// A request that took long says little about the clock: what was known before stands.
func TestASlowRequestDoesNotRightTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = func() time.Time { return time.Now().Add(-10 * time.Second) }
		w.append("a 1m")
		w.start()
		w.slow("barrier", 20*time.Second)
		w.pass(5 * time.Minute)
		w.wantOutputs(1, "a=1")
		w.slow("", 0)
		w.setBroker(time.Now)
		w.pass(time.Minute)
		w.wantOutputs(1, "a=1", "a woke")
	})
}

// A clock that is set jumps, and no request has told of it yet. The monotonic clock has: nothing is decided by what the
// other one says now, and it is decided at once when that is right again.
func TestAClockThatJumpsAheadWakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ahead atomic.Int64
		w.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w.observed, w.broker = w.config.Clock, time.Now
		w.append("a 50s", "b 11s")
		w.start()
		w.pass(10 * time.Second)
		ahead.Store(int64(time.Minute))
		w.pass(2 * time.Second) // b's timer was set before
		w.wantOutputs(2, "a=1", "b=1")
		ahead.Store(0)
		w.pass(time.Second)
		w.wantOutputs(2, "a=1", "b=1", "b woke")
		w.pass(40 * time.Second)
		w.wantOutputs(2, "a=1", "b=1", "b woke", "a woke")
	})
}

// What a wrong clock would date is dated by the brokers': by what their last answer and the monotonic clock say.
func TestWhatIsHandledByAWrongClockIsDatedByTheBrokers(t *testing.T) {
	const answered = 10 * time.Millisecond // so late the brokers' time is known, and so inexactly
	for name, off := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute, "within the bound": 4 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var ahead atomic.Int64
				w.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
				w.broker = time.Now
				w.slow("barrier", answered)
				w.start()
				w.append("a")
				w.pass(time.Minute)
				w.wantDated(time.Now().Add(-time.Minute), 2*answered)
				ahead.Store(int64(off))
				w.append("b")
				synctest.Wait()
				want := time.Now()
				if off.Abs() <= w.config.ClockBound {
					want = want.Add(off)
				}
				w.wantDated(want, answered)
			})
		})
	}
}

// wantDated wants the last record to have been handled at a time not further from this one.
func (w *world) wantDated(want time.Time, within time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if off := w.dated.Sub(want); off.Abs() > within {
		w.t.Errorf("handled at %v, %v from %v", w.dated, off, want)
	}
}

// A clock that is set just when an answer has come is no less wrong for that: what the answer tells was so before.
func TestAClockThatJumpsRightAfterAnAnswerWakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ahead atomic.Int64
		w.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w.observed, w.broker = w.config.Clock, time.Now
		w.before = func(_ context.Context, call string) error {
			if strings.HasPrefix(call, "apply") {
				ahead.Store(int64(time.Minute))
			}
			return nil
		}
		w.append("a 50s")
		w.start()
		w.pass(49 * time.Second)
		w.wantOutputs(1, "a=1")
	})
}

// What passes between a commit's answer and the moment when it is looked at is no jump of the clock: the local state may
// take seconds to be written.
func TestASlowDiskIsNoJumpOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = time.Now
		w.append("a 1m")
		w.slow("apply", 20*time.Second)
		w.start()
		w.pass(50 * time.Second)
		w.slow("", 0)
		w.takeScript()
		w.pass(11 * time.Second)
		// The takeover's barrier is the only one: each measuring would have made the changelog longer.
		w.wantScript("wake 1m0s", "commit [out:a woke state:1 0s] no offset", "apply 5")
	})
}
