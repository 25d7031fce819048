package stream_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Over aborted records the position moves without a step. It is committed all the same, if late: left behind, it would
// one day be out of range.
func TestAPositionThatMovedWithoutRecordsIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a")
		w.start()
		w.appendAborted(3)
		w.takeScript()
		w.pass(time.Minute - time.Millisecond)
		w.wantScript()
		w.pass(time.Millisecond)
		w.wantScript("commit [] offset 4")
		w.pass(time.Hour)
		w.wantScript()
	})
}

// Also one that never stands still.
func TestAPositionThatKeepsMovingIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a")
		w.start()
		for range 7 {
			w.appendAborted(1)
			w.pass(10 * time.Second)
		}
		if got := w.committedOffset(); got < 6 {
			t.Errorf("committed offset %d after more than a minute", got)
		}
	})
}

// Also while the state is looked at every few milliseconds, because it may not be woken.
func TestAPositionIsCommittedWhileWakingIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.broker = func() time.Time { return time.Now().Add(time.Hour) }
		w.append("a 1s")
		w.start()
		w.pass(2 * time.Second)
		w.appendAborted(3)
		w.pass(2 * time.Minute)
		w.wantOutputs(4, "a=1")
	})
}

// A step takes no longer than the time it may before it is committed.
func TestAStepEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.StepTime = time.Second
		w.slow("handle ", 600*time.Millisecond)
		const chunk = 500 // records are taken in chunks; the time is looked at between them
		for range chunk + 1 {
			w.append("a")
		}
		w.start()
		w.pass(chunk * 600 * time.Millisecond)
		if got := w.committedOffset(); got != chunk {
			t.Errorf("committed offset %d, want %d", got, chunk)
		}
	})
}

// A busy task begins its steps at least Linger apart, and an idle one answers at once.
func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.Linger = 100 * time.Millisecond
		w.start()
		w.pass(time.Second)
		w.append("a")
		synctest.Wait()
		w.wantOutputs(1, "a=1")
		w.append("b")
		w.pass(50 * time.Millisecond)
		w.append("c")
		w.pass(49 * time.Millisecond)
		w.wantOutputs(1, "a=1")
		w.takeScript()
		w.pass(time.Millisecond)
		w.wantScript("foresee b c", "handle b@1", "handle c@2",
			"commit [out:b=1 out:c=1 state:1 0s state:1 0s] offset 3", "apply 6")
	})
}

// Where transactions take long a busy task begins its steps further apart, within bounds, unless it has a backlog.
func TestLingerGrowsWithTheTransaction(t *testing.T) {
	cases := map[string]struct {
		transaction time.Duration
		records     int
		apart       time.Duration // the beginnings of two steps
	}{
		"quick":          {time.Millisecond, 1, 100 * time.Millisecond},
		"slow":           {50 * time.Millisecond, 1, 150 * time.Millisecond},
		"very slow":      {200 * time.Millisecond, 1, 400 * time.Millisecond},
		"slow, and full": {50 * time.Millisecond, 3, 100 * time.Millisecond},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.config.Linger, w.config.StepRecords = 100*time.Millisecond, 3
				w.slow("commit ", c.transaction)
				w.start()
				w.pass(time.Second)
				for range c.records {
					w.append("a")
				}
				synctest.Wait()
				w.append("b")
				w.pass(c.apart + c.transaction - time.Millisecond)
				if got := w.committedOffset(); got != int64(c.records) {
					t.Errorf("committed offset %d a moment before, want %d", got, c.records)
				}
				w.pass(time.Millisecond)
				if got := w.committedOffset(); got != int64(c.records+1) {
					t.Errorf("committed offset %d, want %d", got, c.records+1)
				}
			})
		})
	}
}

// Where the brokers are behind with markers the steps begin further apart with each that was held up, within bounds, and
// come closer again, slowly, when none is.
func TestLingerGrowsWhereMarkersAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.Linger = 100 * time.Millisecond
		const transaction = time.Second
		var began []time.Time
		w.before = func(_ context.Context, call string) error {
			if strings.HasPrefix(call, "commit ") {
				began = append(began, time.Now())
				w.append("a") // so that there is something for the next step
				<-time.After(transaction)
				w.markersLate(len(began) >= 3 && len(began) <= 6)
			}
			return nil
		}
		w.append("a")
		w.start()
		w.pass(30 * time.Second)
		ms := time.Millisecond
		want := []time.Duration{transaction, transaction, transaction, 1600 * ms, 2500 * ms, 2500 * ms, 2290 * ms, 2101 * ms}
		for i, apart := range want {
			if got := began[i+1].Sub(began[i]).Round(ms); got != apart {
				t.Errorf("steps %d and %d began %s apart, want %s", i+1, i+2, got, apart)
			}
		}
	})
}

// A task that has nothing to do settles what its last step may have left open.
func TestAnIdleTaskSettlesWhatIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.append("a")
		w.pass(10 * time.Second)
		w.takeScript()
		w.setDoubtful()
		w.pass(15 * time.Second)
		w.wantScript("settle")
		w.pass(time.Minute)
		w.wantScript()
	})
}

// Whoever waits for company does not keep the process from ending.
func TestLingerEndsWithTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.Linger = time.Hour
		w.append("a")
		r := w.start()
		w.append("b")
		synctest.Wait()
		began := time.Now()
		r.end()
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s to leave", took)
		}
	})
}
