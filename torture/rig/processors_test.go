package rig_test

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardstream/internal/leaktest"
	"cardstream/internal/ledger/chaos"
	"cardstream/torture/rig"
)

// role makes the test's own binary play a process: one that runs until SIGTERM, unless a file tells it to fail, at its
// start or at its end.
const role = "TORTURE_TEST_FAILS_WHILE"

// beginner makes it one that does not listen for signals yet.
const beginner = "TORTURE_TEST_BEGINNER"

func TestMain(m *testing.M) {
	if os.Getenv(beginner) != "" {
		fmt.Println("ready")
		<-time.After(time.Minute)
		os.Exit(3)
	}
	if file := os.Getenv(role); file != "" {
		failIfTold(file)
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		fmt.Println("ready")
		<-term
		failIfTold(file)
		os.Exit(0)
	}
	leaktest.Main(m)
}

func failIfTold(file string) {
	if _, err := os.Stat(file); err == nil {
		fmt.Println("cannot go on")
		os.Exit(3)
	}
}

// mustProcessors starts one process, which fails as long as the file exists.
func mustProcessors(t *testing.T) (p *rig.Processors, fleet *chaos.Fleet, file string) {
	t.Helper()
	binary, err := os.Executable()
	must(t, err)
	folder := t.TempDir()
	file = filepath.Join(folder, "fail")
	fleet, err = chaos.Start(chaos.Config{
		Binary: binary, Args: func(int) []string { return nil }, Processes: 1, Logs: folder, Log: t.Logf,
		EnvOf: func(int) []string { return []string{role + "=" + file} },
	})
	must(t, err)
	p = rig.Supervise(fleet, 1, t.Logf)
	t.Cleanup(func() { must(t, p.Close()) })
	printed(t, fleet, "ready", 1)
	return p, fleet, file
}

// printed waits until the process has said something so often.
func printed(t *testing.T, fleet *chaos.Fleet, text string, times int) {
	t.Helper()
	eventually(t, func() bool {
		log, err := os.ReadFile(fleet.LogFile(0))
		return err == nil && strings.Count(string(log), text) >= times
	})
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-limit:
			t.Fatal("never")
		case <-tick.C:
		}
	}
}

func TestAProcessThatWasToldToEndStaysDown(t *testing.T) {
	p, fleet, _ := mustProcessors(t)
	must(t, p.Kill(0))
	must(t, p.Kill(0)) // it is dead
	if ended, byItself := fleet.Ended(0); !ended || byItself != nil {
		t.Errorf("ended: %v, %v", ended, byItself)
	}
	must(t, p.Start(0))
	must(t, p.Start(0)) // it runs
	printed(t, fleet, "ready", 2)
	must(t, p.Terminate(t.Context(), 0))
	must(t, p.Terminate(t.Context(), 0))
	must(t, p.Start(0))
	printed(t, fleet, "ready", 3)
	if blamed, excused := p.Ends(); len(blamed) > 0 || excused > 0 {
		t.Errorf("%v; %d excused", blamed, excused)
	}
}

func TestAnEndByItselfIsAFindingUnlessItIsExcused(t *testing.T) {
	p, fleet, file := mustProcessors(t)
	p.Excuse(0, "the test wants it")
	mustWrite(t, file, "")
	must(t, p.Kill(0))
	must(t, p.Start(0))
	eventually(t, func() bool { _, excused := p.Ends(); return excused >= 2 })
	must(t, os.Remove(file))
	printed(t, fleet, "ready", 2) // one that had seen the file may still be about to end: the excuse is for it too
	p.Blame(0)
	if blamed, _ := p.Ends(); len(blamed) > 0 {
		t.Errorf("blamed: %v", blamed)
	}
	mustWrite(t, file, "")
	must(t, p.Kill(0))
	must(t, p.Start(0))
	eventually(t, func() bool { blamed, _ := p.Ends(); return len(blamed) > 0 })
	must(t, os.Remove(file))
	blamed, _ := p.Ends()
	if !strings.Contains(blamed[0], "cannot go on") {
		t.Errorf("%q, want what it printed last", blamed[0])
	}
	printed(t, fleet, "ready", 3)
}

func TestOneEndIsPardonedForWhatItSays(t *testing.T) {
	p, fleet, file := mustProcessors(t)
	p.Pardon("out of ideas")
	p.Pardon("cannot go on")
	mustWrite(t, file, "")
	must(t, p.Kill(0))
	must(t, p.Start(0))
	eventually(t, func() bool { blamed, _ := p.Ends(); return len(blamed) > 0 })
	must(t, os.Remove(file))
	if blamed, excused := p.Ends(); excused != 1 || !strings.Contains(blamed[0], "cannot go on") {
		t.Errorf("%q blamed, %d excused: want the second end blamed", blamed, excused)
	}
	printed(t, fleet, "ready", 2)
}

// What a process may end of, it may come upon while it ends in order.
func TestAnEndInOrderThatFailsIsJudgedByWhatItSays(t *testing.T) {
	p, fleet, file := mustProcessors(t)
	p.Pardon("cannot go on")
	for life := 1; life <= 2; life++ {
		mustWrite(t, file, "")
		must(t, p.Terminate(t.Context(), 0))
		if ended, byItself := fleet.Ended(0); !ended || byItself != nil {
			t.Errorf("ended: %v, %v", ended, byItself)
		}
		must(t, os.Remove(file))
		must(t, p.Start(0))
		printed(t, fleet, "ready", 1+life)
	}
	if blamed, excused := p.Ends(); excused != 1 || len(blamed) != 1 || !strings.Contains(blamed[0], "cannot go on") {
		t.Errorf("%q blamed, %d excused: want the second end blamed", blamed, excused)
	}
}
