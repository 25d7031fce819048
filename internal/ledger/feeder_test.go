package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

func (w *world) feed(load ledger.Load, rate float64) ledger.Fed {
	w.t.Helper()
	feeder, err := ledger.NewFeeder(w.t.Context(), ledger.FeederConfig{
		Brokers: w.brokers, Registry: w.registry, Prefix: w.prefix, Load: load, Rate: rate,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer feeder.Close()
	if err := feeder.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return feeder.Fed()
}

// What a feeder built its commands to demand is what the rules, applied to what stands in the topic, demand of them.
func TestFedCommandsDemandWhatTheyWereBuiltFor(t *testing.T) {
	w := newWorld(t)
	for _, letters := range []bool{false, true} {
		rules := ledger.Rules{}
		if letters {
			rules = secrets(t)
		}
		witness := w.witness(ledger.Mode{}, rules)
		load := ledger.Load{Seed: 1, Commands: 5000, Cards: 100, Window: time.Minute, Letters: letters}
		fed := w.feed(load, 0)
		report := audited(t, witness)
		c := report.Counts
		if got := (ledger.Fed{Accepted: c.Accepted, Rejected: c.Rejected, Duplicates: c.Duplicates}); got != fed {
			t.Errorf("letters %v: there %+v, fed %+v", letters, got, fed)
		}
		if fed.Accepted+fed.Rejected+fed.Duplicates != load.Commands || fed.Rejected == 0 || fed.Duplicates == 0 {
			t.Errorf("letters %v: fed %+v of %d", letters, fed, load.Commands)
		}
		if report.Missing.Count == 0 {
			t.Error("nobody has answered, and nothing is missing")
		}
		if fed.Accepted++; witness.Audit(fed).Missing.Count != report.Missing.Count+1 {
			t.Error("a command that was fed and is not there was not found")
		}
	}
}

// A feeder's client may write again what brokers that were killed have not confirmed. That is no fault of who reads it.
func TestWhatAFeedersClientWritesAgainIsNotMissing(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, ledger.Rules{})
	load := ledger.Load{Seed: 3, Commands: 200, Cards: 20, Window: time.Minute, Mix: ledger.Mix{Immediate: 1, Broken: 1}}
	fed := w.feed(load, 0)
	before := audited(t, witness)
	reader := w.newClient(kgo.ConsumeTopics(w.prefix + "provisioning.commands"))
	var written []*kgo.Record
	for len(written) < load.Commands {
		fetches := reader.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		written = append(written, fetches.Records()...)
	}
	for _, r := range written {
		if r.Key == nil { // names no card: it is answered by its place, and no place is twice
			continue
		}
		again := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value}
		if err := w.client.ProduceSync(t.Context(), again).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	after := audited(t, witness)
	if again := after.Counts.Again; again.Rejected == 0 || again.Duplicates != fed.Accepted ||
		again.Rejected != after.Counts.Rejected-before.Counts.Rejected {
		t.Fatalf("%+v again, of %+v", again, fed)
	}
	if found := witness.Audit(fed).Missing.Count; found != after.Missing.Count {
		t.Errorf("what was written again is taken for %d missing", found-after.Missing.Count)
	}
	for _, wrong := range []ledger.Fed{{Accepted: 1}, {Rejected: 1}, {Duplicates: 1}} { // one more than what is there again
		less := ledger.Fed{Accepted: fed.Accepted - wrong.Accepted, Rejected: fed.Rejected - wrong.Rejected,
			Duplicates: fed.Duplicates - wrong.Duplicates}
		if found := witness.Audit(less).Missing.Count; found != after.Missing.Count+1 {
			t.Errorf("%+v more than was fed, and not found", wrong)
		}
	}
}

func TestTheRateIsKept(t *testing.T) {
	w := newWorld(t)
	start := time.Now()
	w.feed(ledger.Load{Seed: 2, Commands: 101, Cards: 10}, 500)
	const slack = time.Millisecond // a wait that is shorter than that is left out
	if took := time.Since(start); took < 200*time.Millisecond-slack {
		t.Errorf("101 commands at 500 a second took %s", took)
	}
}

func TestAFinishedFeederHasWrittenWhatItBegan(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, ledger.Rules{})
	feeder, err := ledger.NewFeeder(t.Context(), ledger.FeederConfig{
		Brokers: w.brokers, Registry: w.registry, Prefix: w.prefix, Rate: 500,
		Load: ledger.Load{Seed: 3, Commands: 1 << 40, Cards: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer feeder.Close()
	ran := make(chan error, 1)
	go func() { ran <- feeder.Run(t.Context()) }()
	for feeder.Fed().Accepted == 0 {
		if err := witness.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	feeder.Finish()
	feeder.Finish() // twice is once
	if err := <-ran; err != nil {
		t.Error(err)
	}
	fed := feeder.Fed()
	c := audited(t, witness).Counts
	if got := (ledger.Fed{Accepted: c.Accepted, Rejected: c.Rejected, Duplicates: c.Duplicates}); got != fed {
		t.Errorf("there %+v, fed %+v", got, fed)
	}
}

func TestWaitSettled(t *testing.T) {
	const quiet = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	t.Run("settled", func(t *testing.T) {
		w := newWorld(t)
		witness := w.witness(ledger.Mode{}, secrets(t))
		w.write(faultless().items)
		if err := witness.WaitSettled(ctx, time.Minute); err != nil {
			t.Error(err)
		}
	})
	t.Run("stuck without an outcome", func(t *testing.T) {
		w := newWorld(t)
		witness := w.witness(ledger.Mode{}, secrets(t))
		s := newScene()
		s.command(first)
		w.write(s.items)
		if err := witness.WaitSettled(ctx, quiet); !errors.Is(err, ledger.ErrStuck) {
			t.Errorf("%v, want ErrStuck", err)
		}
	})
	t.Run("stuck without an end, answered all the same", func(t *testing.T) {
		w := newWorld(t)
		witness := w.witness(ledger.Mode{Open: true}, secrets(t))
		s := newScene()
		s.accept(first)
		w.write(s.items)
		if err := witness.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if err := witness.WaitAnswered(ctx, quiet); err != nil {
			t.Error(err)
		}
		if report := witness.Audit(); !report.OK() {
			t.Errorf("an open request is in order here:\n%s", report)
		}
		if err := witness.WaitSettled(ctx, quiet); !errors.Is(err, ledger.ErrStuck) {
			t.Errorf("%v, want ErrStuck", err)
		}
	})
	t.Run("a date to come is waited for", func(t *testing.T) {
		w := newWorld(t)
		witness := w.witness(ledger.Mode{}, secrets(t))
		s := newScene()
		ahead := time.Since(millis(s.base)) + 2*time.Second
		soon := call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: ahead.Milliseconds()}
		s.accept(soon)
		w.write(s.items)
		if err := witness.WaitSettled(ctx, quiet); !errors.Is(err, ledger.ErrStuck) {
			t.Errorf("%v, want ErrStuck", err)
		}
		if due := millis(s.base + soon.dueIn); time.Now().Before(due) {
			t.Errorf("gave up %s before the date", time.Until(due))
		}
	})
}
