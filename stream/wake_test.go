package stream_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The state is woken to the millisecond, and not before.
func TestWakesOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a 1m", "b 1m", "c 2m")
		w.start()
		w.pass(time.Minute - time.Millisecond)
		w.wantOutputs(3, "a=1", "b=1", "c=1")
		w.takeScript()
		w.pass(time.Millisecond)
		w.wantScript("wake 1m0s", "commit [out:a woke out:b woke state:1 0s state:1 0s] no offset", "apply 8")
		w.pass(time.Minute)
		w.wantScript("wake 2m0s", "commit [out:c woke state:1 0s] no offset", "apply 10")
	})
}

// What is due is not woken in one go beyond the bound of a step, but at once all the same.
func TestWakesInBoundedSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.StepWakes = 2
		w.append("a 1m", "b 1m", "c 1m")
		w.start()
		w.takeScript()
		w.pass(time.Minute)
		w.wantScript(
			"wake 1m0s", "commit [out:a woke out:b woke state:1 0s state:1 0s] no offset", "apply 8",
			"wake 1m0s", "commit [out:c woke state:1 0s] no offset", "apply 10",
		)
	})
}

// What is due when a task begins may be answered or cancelled in what it has not read yet. So it reads up to the last
// stable offset first, also where that takes several steps.
func TestTheBacklogIsReadBeforeWaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.StepRecords = 2
		w.append("a 1m")
		w.start().end()
		w.pass(time.Hour)
		w.append("b", "c", "a 3h")
		w.takeScript()
		w.start()
		w.wantOutputs(4, "a=1", "b=1", "c=1", "a=2")
		w.pass(2*time.Hour - time.Millisecond)
		w.wantOutputs(4, "a=1", "b=1", "c=1", "a=2")
		w.pass(time.Millisecond)
		w.wantOutputs(4, "a=1", "b=1", "c=1", "a=2", "a woke")
	})
}

// The leader says that there is more than has been fetched: until it has come, nothing is woken.
func TestWhatIsNotFetchedYetHoldsWakingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a 1m", "b 1m")
		w.start()
		w.pass(30 * time.Second)
		w.hold(&w.input)
		w.append("a 3m")
		w.pass(time.Minute)
		w.wantOutputs(2, "a=1", "b=1")
		w.release(&w.input, 3)
		w.pass(time.Second)
		w.wantOutputs(3, "a=1", "b=1", "a=2", "b woke")
	})
}

// A task that never gets to the end of what comes in wakes its state all the same: as of the moment at which the leader
// named the offset that has been reached.
func TestATaskThatAlwaysLagsStillWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.StepRecords = 1
		// Each step takes a second, and meanwhile another record comes.
		w.before = func(ctx context.Context, call string) error {
			if strings.HasPrefix(call, "commit [") && w.end() > 1 {
				<-time.After(time.Second)
				w.append("b")
			}
			return nil
		}
		w.append("a 1m")
		w.start()
		w.append("b", "b", "b")
		w.pass(50 * time.Second)
		w.takeScript()
		w.pass(30 * time.Second)
		if !slices.ContainsFunc(w.takeScript(), func(call string) bool { return strings.HasPrefix(call, "wake") }) {
			t.Error("nothing was woken")
		}
		if w.committedOffset() == w.end() {
			t.Error("the task has caught up: this shows nothing")
		}
	})
}

// A view of the log that is old says nothing of what has been appended since.
func TestAnOldViewOfTheLogHoldsWakingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a 1m")
		silent := time.Now().Add(50 * time.Second)
		w.observed = func() time.Time {
			if now := time.Now(); now.Before(silent) || now.Sub(silent) > time.Minute {
				return now
			}
			return silent
		}
		w.start()
		w.pass(110 * time.Second)
		w.wantOutputs(1, "a=1")
		w.pass(time.Second)
		w.wantOutputs(1, "a=1", "a woke")
	})
}

// A clock that was set back makes an old view look like one of the future: it is no fresher for that.
func TestAViewFromTheFutureHoldsWakingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a 1m")
		w.start()
		w.pass(59 * time.Second)
		ahead := time.Now().Add(time.Hour)
		w.setObserved(func() time.Time { return ahead })
		w.pass(time.Minute)
		w.wantOutputs(1, "a=1")
		w.setObserved(nil)
		w.pass(time.Second)
		w.wantOutputs(1, "a=1", "a woke")
	})
}

// A handler that is nudged while its task idles is woken at once, and one that may not be woken then when it may; neither
// is looked at without end.
func TestANudgeWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.nudge = make(chan struct{})
		w.append("a")
		w.start()
		w.pass(time.Hour)
		w.wantOutputs(1, "a=1")
		close(w.nudge)
		synctest.Wait()
		w.wantOutputs(1, "a=1", "nudged")

		again := make(chan struct{})
		w.setNudge(again)
		w.hold(&w.input)
		w.append("b")
		w.pass(time.Second)
		close(again)
		w.pass(time.Second)
		w.wantOutputs(1, "a=1", "nudged")
		w.release(&w.input, 2)
		w.pass(time.Second)
		w.wantOutputs(2, "a=1", "nudged", "b=1", "nudged")
	})
}

// What is decided as of the moment at which the log was last known is written down as of the moment at which it is done.
func TestALateWakeKnowsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a 1m")
		w.start()
		w.slow("handle ", 3*time.Second)
		w.pass(time.Minute - time.Second)
		w.append("b")
		w.pass(2 * time.Second)
		w.append("c")
		w.takeScript()
		w.pass(5 * time.Second)
		w.wantScript("handle b@1", "commit [out:b=1 state:1 0s] offset 2", "apply 5", "handle c@2", "wake 1m2s at 1m5s",
			"commit [out:c=1 out:a woke state:1 0s state:1 0s] offset 3", "apply 8")
	})
}
