package e2e_test

import (
	"cmp"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"cardstream/internal/ledger"
)

// seed is that of all random choices of a test: another in every run, unless the environment asks for one again.
func seed(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("CARDSTREAM_E2E_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("CARDSTREAM_E2E_SEED: %v", err)
		}
		return n
	}
	return uint64(time.Now().UnixNano())
}

// number is a setting from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// feed is a feeder at work.
type feed struct {
	t      *testing.T
	feeder *ledger.Feeder
	done   sync.WaitGroup
	err    error
}

// feed begins to write commands at a steady rate, whether or not they are worked off as fast, until the load's Commands
// are written, or the test ends it.
func (d *deployment) feed(load ledger.Load, rate float64) *feed {
	d.t.Helper()
	load.Commands = cmp.Or(load.Commands, 1<<40) // more than any test waits for
	load.Seed = seed(d.t)
	feeder, err := ledger.NewFeeder(d.t.Context(), ledger.FeederConfig{
		Brokers: d.cluster.Brokers, Registry: d.cluster.RegistryURL, Prefix: d.prefix, Load: load, Rate: rate,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	f := &feed{t: d.t, feeder: feeder}
	f.done.Go(func() { f.err = feeder.Run(d.t.Context()) })
	d.t.Cleanup(func() { f.end(); feeder.Close() })
	d.t.Logf("feed: seed %d, %.0f commands a second", load.Seed, rate)
	return f
}

// all waits until the whole load is written, and returns it.
func (f *feed) all() ledger.Fed {
	f.t.Helper()
	f.done.Wait()
	return f.end()
}

// end stops feeding and returns what was written.
func (f *feed) end() ledger.Fed {
	f.t.Helper()
	f.feeder.Finish()
	f.done.Wait()
	if f.err != nil && f.t.Context().Err() == nil {
		f.t.Errorf("feed: %v", f.err)
	}
	return f.feeder.Fed()
}

// settle waits until everything has come to its end, and audits: nothing may be found.
func (d *deployment) settle(w *ledger.Witness, fed ...ledger.Fed) *ledger.Report {
	d.t.Helper()
	if err := w.WaitSettled(d.t.Context(), 90*time.Second); err != nil {
		d.t.Errorf("settle: %v", err)
	}
	report := w.Audit(fed...)
	d.t.Log(report)
	if !report.OK() {
		d.t.Error("the ledger does not balance")
	}
	return report
}
