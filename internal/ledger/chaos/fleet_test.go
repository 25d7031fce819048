//go:build unix

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardstream/internal/ledger/chaos"
)

// role makes the test's own binary play a process of a fleet.
const role = "CHAOS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "steady": // runs until SIGTERM
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		fmt.Println("ready")
		<-term
		os.Exit(0)
	case "weak":
		fmt.Println("cannot go on")
		os.Exit(3)
	}
	goleak.VerifyTestMain(m)
}

func fleet(t *testing.T, kind string, processes int) *chaos.Fleet {
	t.Helper()
	return loggedFleet(t, kind, processes, t.Logf)
}

func loggedFleet(t *testing.T, kind string, processes int, log func(format string, args ...any)) *chaos.Fleet {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := chaos.Start(chaos.Config{
		Binary: binary, Args: func(int) []string { return nil }, Env: []string{role + "=" + kind}, Processes: processes,
		Logs: t.TempDir(), Seed: 1, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// eventually waits for a condition outside of this process.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-limit:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func printed(t *testing.T, f *chaos.Fleet, slot int, text string, times int) func() bool {
	t.Helper()
	return func() bool {
		log, err := os.ReadFile(f.LogFile(slot))
		return err == nil && strings.Count(string(log), text) >= times
	}
}

func TestAStormKillsAndRestarts(t *testing.T) {
	f := fleet(t, "steady", 3)
	first := f.PID(0)
	asked, struck := 0, 0
	kills, err := f.Storm(t.Context(), chaos.Storm{
		Kills: 12, Pause: 10 * time.Millisecond, Down: 5 * time.Millisecond,
		Busy:   func() bool { asked++; return asked%2 == 0 },
		Struck: func(slots []int) { struck += len(slots) },
	})
	if err != nil || kills < 12 || f.Kills() != kills || struck != kills {
		t.Errorf("%d kills, counted %d, heard of %d: %v", kills, f.Kills(), struck, err)
	}
	if asked < 2 {
		t.Error("killed without asking for work in hand")
	}
	if f.PID(0) == first {
		t.Error("12 kills of three processes, and the first still runs")
	}
	for slot := range 3 {
		eventually(t, "each runs again", printed(t, f, slot, "ready", 1))
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAStormWaitsForWork(t *testing.T) {
	f := fleet(t, "steady", 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	kills, err := f.Storm(ctx, chaos.Storm{Kills: 1, Pause: time.Millisecond, Busy: func() bool { return false }})
	if kills != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d kills, %v", kills, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestTerminate(t *testing.T) {
	f := fleet(t, "steady", 1)
	eventually(t, "ready", printed(t, f, 0, "ready", 1))
	if took, err := f.Terminate(t.Context(), 0); err != nil || took <= 0 {
		t.Errorf("ended after %s: %v", took, err)
	}
	if _, err := f.Terminate(t.Context(), 0); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("one that has ended: %v", err)
	}
	if err := f.Running(); err != nil {
		t.Errorf("it was told to end: %v", err)
	}
	if err := f.Restart(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again, in the same log", printed(t, f, 0, "ready", 2))
	if err := f.Restart(0); err == nil {
		t.Error("a running process was started again")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAKilledProcessHasEndedAndNotByItself(t *testing.T) {
	f := fleet(t, "steady", 1)
	if ended, byItself := f.Ended(0); ended || byItself != nil {
		t.Errorf("ended: %v, by itself: %v", ended, byItself)
	}
	if err := f.Kill(0); err != nil {
		t.Fatal(err)
	}
	if ended, byItself := f.Ended(0); !ended || byItself != nil {
		t.Errorf("ended: %v, by itself: %v", ended, byItself)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnEndByItselfIsAnError(t *testing.T) {
	f := fleet(t, "weak", 1)
	eventually(t, "the end", func() bool { return f.Running() != nil })
	if ended, byItself := f.Ended(0); !ended || byItself == nil {
		t.Errorf("ended: %v, by itself: %v", ended, byItself)
	}
	if _, err := f.Storm(t.Context(), chaos.Storm{Kills: 1, Pause: time.Millisecond}); err == nil {
		t.Error("a storm over a process that is gone")
	}
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "cannot go on") {
		t.Errorf("%v, want what it printed last", err)
	}
}
