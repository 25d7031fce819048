package stream_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/stream"
)

// A task that is drained finishes the step in hand.
func TestDrainFinishesTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.slow("handle ", time.Second)
		w.append("a", "b")
		r := w.start()
		r.drain()
		w.pass(1500 * time.Millisecond)
		w.wantOutputs(-1)
		r.end()
		w.wantOutputs(2, "a=1", "b=1")
	})
}

// One that is dropped leaves at once, and its step has never been.
func TestDropLeavesTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.slow("commit [", time.Hour)
		w.append("a", "b")
		r := w.start()
		r.drain()
		w.pass(2 * time.Second)
		r.drop()
		<-r.ended
		w.wantOutputs(-1)
		w.slow("", 0)
		w.start()
		w.wantOutputs(2, "a=1", "b=1")
	})
}

// The position is committed where it is past the committed offset without records.
func TestDrainCommitsThePosition(t *testing.T) {
	for name, stateless := range map[string]bool{"stateful": false, "stateless": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.stateless = stateless
				w.append("a")
				r := w.start()
				w.appendAborted(3)
				synctest.Wait()
				r.end()
				w.wantOutputs(4, "a=1")
				w.takeScript()
				r = w.start()
				w.takeScript()
				r.end()
				w.wantScript() // nothing has moved
			})
		})
	}
}

// Who is drained while it takes over, restores, or waits for its next life leaves at once.
func TestDrainBeforeTheFirstStep(t *testing.T) {
	for _, call := range []string{"confirm", "init", "committed", "start input", "handler", "barrier", "restore"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.append("a")
				w.start().end()
				w.committed = -1 // so that the log start is asked for
				w.disk = disk{rows: map[string]row{}}
				w.slow(call, time.Hour)
				r := w.start()
				began := time.Now()
				r.end()
				if took := time.Since(began); took > 0 {
					t.Errorf("it took %s to leave", took)
				}
			})
		})
	}
}

// A transaction that takes longer than the brokers give it is given up: they have aborted it.
func TestATransactionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.slow("commit [", time.Hour)
		w.append("a")
		r := w.start()
		w.pass(w.config.TransactionTimeout)
		if state, detail := r.status(); state != stream.Waiting || !strings.Contains(detail, "commit step") {
			t.Errorf("state %s (%s)", state, detail)
		}
		w.slow("", 0)
		w.pass(time.Minute)
		w.wantOutputs(1, "a=1")
	})
}
