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
	began, right := main.Clock(), time.Now()
	if off := began.Round(0).Sub(right.Round(0)).Abs(); off > time.Second {
		t.Errorf("off by %s without a file", off)
	}
	for text, want := range map[string]time.Duration{"20": 20 * time.Second, "-7\n": -7 * time.Second, "0": 0} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		<-time.After(20 * time.Millisecond) // the file is read every 10 ms at most
		now, right := main.Clock(), time.Now()
		if off := now.Round(0).Sub(right.Round(0)) - want; off.Abs() > time.Second {
			t.Errorf("%q: the wall clock is off by %s more", text, off)
		}
		if took := now.Sub(began); took < 0 || took > time.Since(began)+time.Second {
			t.Errorf("%q: %s are measured", text, took)
		}
	}
}
