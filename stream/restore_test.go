package stream_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/stream"
)

// A broker that no longer knows where a batch stands leaves the checkpoint behind: more is replayed, to the same end.
func TestAnUnknownOffsetKeepsTheCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a")
		r := w.start()
		w.mu.Lock()
		w.forgets = true
		w.mu.Unlock()
		w.append("b")
		synctest.Wait()
		w.takeScript()
		w.append("a")
		synctest.Wait()
		w.wantScript("handle a@2", "commit [out:a=2 state:2 0s] offset 3", "apply 3")
		r.end()
		w.forgets = false
		w.append("b")
		w.start()
		w.wantOutputs(4, "a=1", "b=1", "a=2", "b=2")
	})
}

// A replay that gets nowhere is an error that is seen; when the records come after all, it ends well.
func TestARestoreThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a", "b")
		w.start().end()
		w.disk = disk{rows: map[string]row{}}
		w.append("a")
		w.hold(&w.changelog)
		w.release(&w.changelog, 3)
		r := w.start()
		if state, detail := r.status(); state != stream.Restoring || detail != "60 %" {
			t.Errorf("state %s (%s)", state, detail)
		}
		w.pass(w.config.RestoreStall)
		if state, detail := r.status(); state != stream.Waiting || !strings.Contains(detail, "no progress for 1m0s at offset 3 of 5") {
			t.Errorf("state %s (%s)", state, detail)
		}
		w.pass(time.Minute)
		w.release(&w.changelog, w.changelog.end())
		w.pass(2 * time.Minute)
		w.wantOutputs(3, "a=1", "b=1", "a=2")
		if state, detail := r.status(); state != stream.Stepping {
			t.Errorf("state %s (%s)", state, detail)
		}
	})
}

// Local state that ends before the changelog's beginning is made anew from what is left.
func TestLocalStateOlderThanItsChangelog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a", "b")
		w.start().end()
		old := disk{rows: map[string]row{"a": {count: 1}}, position: 3}
		w.disk = old
		w.changelog.start = 4
		w.append("b")
		w.takeScript()
		w.start()
		w.wantScript(
			"confirm", "init", "committed", "handler", "barrier offset 2", "start state", "checkpoint 4 to 5",
			"open state 4", "restore 0", "restored 7", "open input 2", "handle b@2",
			"commit [out:b=1 state:1 0s] offset 3", "apply 8",
		)
	})
}

// Records that are deleted while they are replayed end the life; the next one sees what is left.
func TestAChangelogThatIsCutWhileItIsReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a", "b")
		w.start().end()
		w.disk = disk{rows: map[string]row{}}
		w.hold(&w.changelog)
		w.release(&w.changelog, 0)
		r := w.start()
		w.mu.Lock()
		w.changelog.start = 3
		w.mu.Unlock()
		w.release(&w.changelog, 99)
		w.pass(time.Minute)
		if state, detail := r.status(); state != stream.Stepping {
			t.Errorf("state %s (%s)", state, detail)
		}
		w.append("b")
		synctest.Wait()
		w.wantOutputs(3, "a=1", "b=1", "b=2")
	})
}
