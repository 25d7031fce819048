package stream_test

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever call fails, and whenever the process ends, before or after the call took effect: the task begins again from
// the log and comes to the same end. That nothing is in local state before its commit, and nothing but what is in the
// changelog, the world checks at each write.
func TestEveryCallFailsOnce(t *testing.T) {
	for _, m := range []mishap{{}, {after: true}, {kill: true}, {kill: true, after: true}} {
		t.Run(fmt.Sprintf("after %v, kill %v", m.after, m.kill), func(t *testing.T) {
			hits := 0
			for m.call = 0; ; m.call++ {
				if !comesToTheSameEnd(t, m) {
					break
				}
				hits++
			}
			const calls = 40 // of takeover, two steps with records, waking, and taking over again; there are more
			if hits < calls {
				t.Errorf("only %d calls could fail", hits)
			}
		})
	}
}

// comesToTheSameEnd lives through a short history, and reports whether the mishap befell it.
func comesToTheSameEnd(t *testing.T, m mishap) (hit bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.mishap = m
		w.append("a", "b 10m", "a")
		r := w.live(nil, time.Minute)
		w.append("a 20m", "c")
		r = w.live(r, time.Minute)
		r.end()
		w.live(nil, time.Hour).end()
		w.wantOutputs(5, "a=1", "b=1", "a=2", "a=3", "c=1", "b woke", "a woke")
		w.live(nil, time.Minute).end() // and its last step is found again
		w.wantOutputs(5, "a=1", "b=1", "a=2", "a=3", "c=1", "b woke", "a woke")
		want := map[string]row{"a": {count: 3}, "b": {count: 1}, "c": {count: 1}}
		if !maps.Equal(w.disk.rows, want) {
			t.Errorf("disk holds %v, want %v", w.disk.rows, want)
		}
		if hit = w.hit; t.Failed() {
			t.Logf("call %d", m.call)
		}
	})
	return hit
}

// live lets a task run for a time: r, or a new one where that is nil. Where the process is killed meanwhile another one
// begins, and gets as much time.
func (w *world) live(r *run, d time.Duration) *run {
	for {
		if r == nil {
			r = w.start()
		}
		w.pass(d)
		select {
		case <-r.ended:
			r = nil
		default:
			return r
		}
	}
}
