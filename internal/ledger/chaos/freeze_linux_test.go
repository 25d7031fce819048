package chaos_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cardstream/internal/ledger/chaos"
)

// state returns the letter by which the kernel says what a process is doing: T is stopped.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

func TestStopAndContinue(t *testing.T) {
	f := fleet(t, "steady", 1)
	eventually(t, "ready", printed(t, f, 0, "ready", 1))
	if err := f.Stop(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "stopped", func() bool { return state(f.PID(0)) == "T" })
	if err := f.Continue(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "continued", func() bool { return state(f.PID(0)) == "S" })
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAStormFreezesToo(t *testing.T) {
	freezes := 0
	f := loggedFleet(t, "steady", 2, func(format string, args ...any) {
		if strings.HasPrefix(format, "chaos: freeze") {
			freezes++
		}
		t.Logf(format, args...)
	})
	kills, err := f.Storm(t.Context(), chaos.Storm{
		Kills: 12, Pause: 10 * time.Millisecond, Down: 5 * time.Millisecond, Freeze: 5 * time.Millisecond,
	})
	if err != nil || kills < 12 || freezes == 0 {
		t.Errorf("%d kills, %d freezes: %v", kills, freezes, err)
	}
	for slot := range 2 {
		eventually(t, "none stays frozen", func() bool { return state(f.PID(slot)) == "S" })
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
