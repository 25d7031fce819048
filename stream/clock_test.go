package stream_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/stream"
)

// An answer says that the brokers' time was so at some moment between its request and itself. What is believed moves into
// that span, no further.
func TestWhatAnAnswerTellsOfTheClock(t *testing.T) {
	type answer struct{ sent, answered, appended time.Duration } // since the beginning, the last by the brokers' clock
	const s = time.Second
	for name, c := range map[string]struct {
		answers []answer
		ahead   time.Duration
	}{
		"nothing told":                                 {nil, 0},
		"right, as far as can be said":                 {[]answer{{1 * s, 9 * s, 5 * s}}, 0},
		"appended before it was sent":                  {[]answer{{4 * s, 9 * s, 1 * s}}, 3 * s},
		"appended after it was answered":               {[]answer{{1 * s, 4 * s, 9 * s}}, -5 * s},
		"a quick answer says more than a slow one":     {[]answer{{4 * s, 9 * s, 1 * s}, {10 * s, 10 * s, 3 * s}}, 7 * s},
		"a slow answer leaves what a quick one said":   {[]answer{{10 * s, 10 * s, 3 * s}, {11 * s, 90 * s, 50 * s}}, 7 * s},
		"a late one says no less than the one before":  {[]answer{{10 * s, 11 * s, 3 * s}, {4 * s, 9 * s, 1 * s}}, 7 * s},
		"another clock, as far away as the other side": {[]answer{{10 * s, 10 * s, 3 * s}, {20 * s, 21 * s, 29 * s}}, -8 * s},
		"no log-append time":                           {[]answer{{10 * s, 10 * s, 3 * s}, {10 * s, 10 * s, -1 << 62}}, 7 * s},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				watch := stream.NewClockWatch(time.Now, time.Second)
				for _, a := range c.answers {
					watch.Observe(a.sent, a.answered, began.Add(a.appended))
				}
				if ahead := watch.Ahead(); ahead != c.ahead {
					t.Errorf("%v ahead, want %v", ahead, c.ahead)
				}
			})
		})
	}
}

// Each commit tells of the clock, and not only what is there for that.
func TestACommitTellsOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = time.Now
		w.start()
		w.pass(time.Minute)
		w.setBroker(func() time.Time { return time.Now().Add(-time.Second) })
		w.append("a")
		synctest.Wait()
		if got := w.gauge("cardstream_clock_offset_seconds"); got != 1 {
			t.Errorf("clock_offset_seconds %v, want 1", got)
		}
	})
}

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
		ahead := w.settableClock()
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

// What a clock would date that is too far ahead is dated by the brokers': by what their last answer and the monotonic clock
// say. Nothing is ever dated ahead of both.
func TestWhatIsHandledByAClockThatIsAheadIsDatedByTheBrokers(t *testing.T) {
	const answered = 10 * time.Millisecond // so late the brokers' time is known, and so inexactly
	for name, off := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute, "within the bound": 4 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ahead := w.settableClock()
				w.slow("barrier", answered)
				w.start()
				w.append("a")
				w.pass(time.Minute)
				w.wantDated(time.Now().Add(-time.Minute), 2*answered)
				ahead.Store(int64(off))
				w.append("b")
				synctest.Wait()
				want := time.Now()
				if off <= w.config.ClockBound {
					want = want.Add(off)
				}
				w.wantDated(want, answered)
			})
		})
	}
}

// settableClock gives the process a clock that is so many nanoseconds ahead of the brokers'.
func (w *world) settableClock() (ahead *atomic.Int64) {
	ahead = new(atomic.Int64)
	w.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w.observed, w.broker = w.config.Clock, time.Now
	return ahead
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
		ahead := w.settableClock()
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
