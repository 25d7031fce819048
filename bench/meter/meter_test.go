package meter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cardstream/bench/limit"
	"cardstream/bench/meter"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/schemas"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// world is a cluster with the topics that a command passes through, and a processor that knows no due time: a raw copy.
type world struct {
	*meter.Meter
	prefix string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cluster := kafkatest.Start(t)
	prefix := cluster.Prefix(t)
	for _, topic := range []string{"provisioning.commands", "provisioning.requests", "provisioning.state",
		"smartcard.commands", "provisioning.events"} {
		cluster.CreateTopic(t, prefix+topic, 3, map[string]string{"message.timestamp.type": "LogAppendTime"})
	}
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{cluster.RegistryURL}})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	if _, err := schemas.Register(t.Context(), registry, schemas.Topics{Prefix: prefix}); err != nil {
		t.Fatal(err)
	}
	m, err := meter.Open(t.Context(), meter.Config{
		Brokers: cluster.Brokers, Registry: cluster.RegistryURL, Prefix: prefix, Events: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- limit.Run(ctx, limit.Config{
			Brokers: cluster.Brokers, Prefix: prefix, App: prefix, Sizes: limit.Sizes{Entry: 10, State: 20, Card: 30, Event: 40},
		}, func() {})
	}()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, m.Close()); err != nil {
			t.Error(err)
		}
	})
	return &world{m, prefix}
}

func (w *world) feed(t *testing.T, plan meter.Plan) *meter.Load {
	t.Helper()
	l, err := w.Feed(t.Context(), plan)
	if err == nil {
		err = l.Await(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALoadIsTimed(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	l := w.feed(t, meter.Plan{Commands: 50, Rate: 500})
	most := time.Since(began)
	if took := l.Took(); took < 98*time.Millisecond || took > most {
		t.Errorf("took %s, of %s; the last command was to be written after 98 ms", took, most)
	}
	// Appends are told in whole milliseconds, cut off, so that one seems to be up to a millisecond early.
	const cut = time.Millisecond
	for name, c := range map[string]struct {
		meter.Quantiles
		most time.Duration
	}{"append": {l.FromAppend(), most + cut}, "plan": {l.FromPlan(), most}} {
		if c.Count != 50 || c.P50 <= 0 || c.Max > c.most {
			t.Errorf("from %s: %s, of at most %s", name, c.Quantiles, c.most)
		}
	}
	if slip := l.Slip(); slip.P50 < -cut || slip.Max > l.FromPlan().Max {
		t.Errorf("slip %s", slip)
	}
}

func TestWhatIsSentBeforeItIsDueIsEarly(t *testing.T) {
	w := newWorld(t)
	l := w.feed(t, meter.Plan{Commands: 20, Due: meter.Spread(time.Now().Add(time.Hour), 100)})
	if late, early := l.Lateness(); early != 20 || late.Count != 20 || late.Max > -50*time.Minute {
		t.Errorf("%d early, lateness %s", early, late)
	}
}

func TestAnUntimedLoadIsCounted(t *testing.T) {
	w := newWorld(t)
	w.feed(t, meter.Plan{Commands: 10})
	w.feed(t, meter.Plan{Commands: 300, Untimed: true})
	if err := w.AwaitEvents(t.Context(), 3*310); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sizes, err := w.Sizes(ctx, w.prefix+"provisioning.state")
	if err != nil || sizes["entry"] != 10 || sizes["state"] != 20 || sizes["card"] != 30 || sizes["event"] != 40 {
		t.Errorf("sizes %v, %v", sizes, err)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.AwaitEvents(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := w.Feed(ctx, meter.Plan{Commands: 1}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
