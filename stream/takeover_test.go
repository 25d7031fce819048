package stream_test

import (
	"testing"
	"testing/synctest"
)

// The order of effects is what correctness rests on.
func TestTakeOverAndStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a", "b", "a")
		first := w.start()
		w.wantScript(
			"confirm", "init", "committed", "start input", "handler",
			"barrier offset 0", "start state", "checkpoint 0 to 0", "restored 0",
			"open input 0", "foresee a b a", "handle a@0", "handle b@1", "handle a@2",
			"commit [out:a=1 out:b=1 out:a=2 state:2 0s state:1 0s] offset 3", "apply 4",
		)
		first.end()
		w.append("b")
		w.start()
		w.wantScript(
			"confirm", "init", "committed", "handler",
			"barrier offset 3", "start state", "checkpoint 0 to 5", "open state 4", "restore 0", "restored 7",
			"open input 3", "handle b@3", "commit [out:b=2 state:2 0s] offset 4", "apply 8",
		)
		w.wantOutputs(4, "a=1", "b=1", "a=2", "b=2")
		if w.counted != 4 {
			t.Errorf("the handlers were told of %d committed records, want 4", w.counted)
		}
	})
}
