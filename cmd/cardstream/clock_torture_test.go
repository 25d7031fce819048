//go:build torture

package main_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	main "cardstream/cmd/cardstream"
)

// go test -tags torture ./cmd/cardstream: the wall clock jumps, and what is measured across the jump does not.
func TestAClockThatIsSet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	t.Setenv("CARDSTREAM_TORTURE_CLOCK", file)
	before := time.Now()
	began := main.Clock()
	if !between(began, before, time.Now()) {
		t.Errorf("%s without a file, after %s", began, before)
	}
	for _, step := range []struct {
		text string
		want time.Duration
	}{{"20", 20 * time.Second}, {"-7\n", -7 * time.Second}, {"0", 0}} {
		if err := os.WriteFile(file, []byte(step.text), 0o644); err != nil {
			t.Fatal(err)
		}
		<-time.After(20 * time.Millisecond) // the file is read every 10 ms at most
		before := time.Now()
		now := main.Clock()
		after := time.Now()
		if !between(now, before.Add(step.want), after.Add(step.want)) {
			t.Errorf("%q: %s, between %s and %s", step.text, now, before, after)
		}
		if took := now.Sub(began); took < before.Sub(began) || took > after.Sub(began) {
			t.Errorf("%q: %s are measured", step.text, took)
		}
	}
}

// between reports whether a wall clock lies between two others.
func between(clock, from, to time.Time) bool {
	clock, from, to = clock.Round(0), from.Round(0), to.Round(0)
	return !clock.Before(from) && !clock.After(to)
}
