package e2e_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/examples"
	"cardstream/internal/ledger"
)

// once runs `cardstream dev --once` on one of the example files, as a fresh clone would.
func once(t *testing.T, file string, flags ...string) outcome {
	t.Helper()
	return shell(t, append([]string{"dev", "--once", filepath.Join("..", "..", "examples", file),
		"--kafka-addr", "127.0.0.1:0", "--registry-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0"}, flags...)...)
}

// matchEvents holds the events that were printed against what each line of the file demands, and returns the lines.
func matchEvents(t *testing.T, file []byte, printed string) []ledger.Expected {
	t.Helper()
	expected, err := ledger.Expect(bytes.NewReader(file), ledger.Rules{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	events, err := ledger.ReadPrinted(strings.NewReader(printed))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range ledger.Match(expected, events) {
		t.Error(wrong)
	}
	t.Logf("%d lines, %d events", len(expected), len(events))
	return expected
}

func TestDevOnceGivesEachCommandItsEvents(t *testing.T) {
	began := time.Now()
	got := once(t, "commands.jsonl")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	matchEvents(t, examples.Commands(), got.stdout)
}

func TestDevOnceReportsLinesThatAreNoCommands(t *testing.T) {
	got := once(t, "broken.jsonl")
	if got.code != 1 {
		t.Errorf("exit code %d, want 1", got.code)
	}
	var reported []string
	for line := range strings.Lines(got.stderr) {
		if number, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(number, "line ") {
			reported = append(reported, number)
		}
	}
	var want []string
	for _, e := range matchEvents(t, examples.Broken(), got.stdout) {
		if e.Broken != nil {
			want = append(want, fmt.Sprintf("line %d", e.Line))
		}
	}
	if !slices.Equal(reported, want) {
		t.Errorf("reported %q, want %q", reported, want)
	}
	for _, pin := range []string{"9999", "4321", "1234", "5678"} {
		if strings.Contains(got.stdout+got.stderr, pin) {
			t.Errorf("PIN %s is printed", pin)
		}
	}
}
