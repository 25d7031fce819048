package rig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardstream/internal/ledger"
	"cardstream/torture/rig"
)

func TestEffectsAreCounted(t *testing.T) {
	logs := t.TempDir()
	mustWrite(t, filepath.Join(logs, "a", "process-0.log"), "msg=\"partition taken over\"\nmsg=other\nmsg=\"partition taken over\"")
	mustWrite(t, filepath.Join(logs, "b", "process-0.log"), "error=\"begin: PRODUCER_FENCED (90)\"\n")
	e, err := rig.EffectsIn(logs)
	must(t, err)
	for _, want := range []string{"partitions taken over 2", "fenced transactions 1", "panics 0"} {
		if !strings.Contains(e.String(), want) {
			t.Errorf("%s, want %s", e, want)
		}
	}
}

func TestAClockFileIsWhole(t *testing.T) {
	clocks, file := rig.NewClocks(t.TempDir())
	for seconds, want := range map[int]string{-7: "-7", 20: "20", 0: "0"} {
		must(t, clocks.Wrong(0, seconds))
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestABinaryWithoutTheTagHasARightClock(t *testing.T) {
	binary, err := os.Executable()
	must(t, err)
	if rig.ClockSettable(binary) || rig.ClockSettable(filepath.Join(t.TempDir(), "none")) {
		t.Error("its clock can be wrong")
	}
}

func TestAVerdict(t *testing.T) {
	fine := rig.Verdict{Report: &ledger.Report{}, Settled: 1}
	if !fine.OK() {
		t.Error("not OK")
	}
	for name, v := range map[string]rig.Verdict{
		"lost":      {Report: &ledger.Report{Missing: ledger.Finding{Count: 1}}},
		"doubled":   {Report: &ledger.Report{Doubled: ledger.Finding{Count: 1}}},
		"reordered": {Report: &ledger.Report{Reordered: ledger.Finding{Count: 1}}},
		"other":     {Report: &ledger.Report{Leaked: ledger.Finding{Count: 1}}},
		"stuck":     {Report: &ledger.Report{}, Stuck: 1},
		"ends":      {Report: &ledger.Report{}, Ends: []string{"process 1"}},
	} {
		if v.OK() || !strings.Contains(v.String(), "1 "+name) {
			t.Errorf("%s: %s", name, &v)
		}
	}
}
