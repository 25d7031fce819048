package control_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/consumer"
	"cardstream/control"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/schemas"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// world is a cluster with the topic of the settings, and who writes them.
type world struct {
	kafkatest.Cluster
	topic  string
	client *cluster.Client
	codec  *schemas.Codec[schemas.ControlSetting]
	setter control.Setter
	writer *kgo.Client // writes what a Setter would not
}

// mustWorld makes it on a running cluster.
func mustWorld(tb testing.TB, c kafkatest.Cluster) *world {
	tb.Helper()
	topics := schemas.Topics{Prefix: c.Prefix(tb)}
	w := &world{Cluster: c, topic: topics.Control()}
	w.createTopic(tb)
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{c.RegistryURL}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(registry.Close)
	if _, err := schemas.Register(tb.Context(), registry, topics); err != nil {
		tb.Fatal(err)
	}
	set, err := schemas.Load(tb.Context(), registry, topics)
	if err != nil {
		tb.Fatal(err)
	}
	w.codec = set.Control
	w.client = w.mustOpen(tb)
	w.setter = control.Setter{
		Producer: producer.NewIdempotent(w.client, producer.IdempotentConfig{}), Topic: w.topic, Codec: w.codec,
	}
	w.writer = w.newWriter(tb)
	return w
}

func (w *world) newWriter(tb testing.TB) *kgo.Client {
	tb.Helper()
	return w.Client(tb, kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

func (w *world) createTopic(tb testing.TB) {
	tb.Helper()
	w.CreateTopic(tb, w.topic, 1, map[string]string{"cleanup.policy": "compact"})
}

func (w *world) mustOpen(tb testing.TB) *cluster.Client {
	tb.Helper()
	client, err := cluster.Open(cluster.Config{Brokers: w.Brokers})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// patience bounds every wait for what is to come.
const patience = 20 * time.Second

func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// mustSet sets as an operator does.
func (w *world) mustSet(tb testing.TB, name, value string) {
	tb.Helper()
	setting := schemas.ControlSetting{Name: name, Value: value, SetBy: "anna"}
	if err := w.setter.Set(within(tb), setting); err != nil {
		tb.Fatal(err)
	}
}

// mustWrite writes a record as it is.
func (w *world) mustWrite(tb testing.TB, key string, value []byte) {
	tb.Helper()
	r := &kgo.Record{Topic: w.topic, Key: []byte(key), Value: value}
	if err := w.writer.ProduceSync(within(tb), r).FirstErr(); err != nil {
		tb.Fatal(err)
	}
}

// mustEncode returns a setting's bytes, whatever it says.
func (w *world) mustEncode(tb testing.TB, s schemas.ControlSetting) []byte {
	tb.Helper()
	value, err := w.codec.Append(nil, &s)
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

// follower is a Follower that runs, and what it has logged.
type follower struct {
	*control.Follower
	log     *logged
	metrics *prometheus.Registry
	end     func()
}

// follow runs a follower, with connections of its own, until end or the test's end.
func (w *world) follow(tb testing.TB, silence time.Duration) *follower {
	tb.Helper()
	return w.followHeld(tb, silence, 50*time.Millisecond) // what is heard is as old as the question, up to so much
}

// followHeld is follow, where the broker holds a question for so long that it has nothing new to answer.
func (w *world) followHeld(tb testing.TB, silence, hold time.Duration) *follower {
	tb.Helper()
	client := w.mustOpen(tb)
	fetcher := consumer.NewFetcher(client, consumer.FetcherConfig{
		MissingTopicTimeout: 200 * time.Millisecond, MaxWait: hold,
	})
	f := &follower{log: newLogged(), metrics: prometheus.NewRegistry()}
	f.Follower = control.NewFollower(client, fetcher, control.Config{
		Topic: w.topic, Codec: w.codec, Metrics: control.NewMetrics(f.metrics), Log: slog.New(f.log.handler()), Silence: silence,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{fetcher.Run, f.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				tb.Errorf("Run: %v", err)
			}
		})
	}
	f.end = func() { cancel(); running.Wait() }
	tb.Cleanup(f.end)
	return f
}

func (f *follower) awaitReady(tb testing.TB) {
	tb.Helper()
	select {
	case <-f.Ready():
	case <-within(tb).Done():
		tb.Fatalf("not ready; log:\n%s", f.log.all())
	}
}

// await waits until the settings are these.
func (f *follower) await(tb testing.TB, want provisioning.RunControl) {
	tb.Helper()
	for ctx := within(tb); ; {
		changed := f.Changed()
		if f.Current() == want {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			tb.Fatalf("%+v, want %+v; log:\n%s", f.Current(), want, f.log.all())
		}
	}
}

// logged keeps a log without its times.
type logged struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed and made anew with each line
}

func newLogged() *logged { return &logged{written: make(chan struct{})} }

func (l *logged) handler() slog.Handler {
	return slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "topic" || a.Key == "since" {
			return slog.Attr{}
		}
		return a
	}})
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.written)
	l.written = make(chan struct{})
	return l.text.Write(b)
}

func (l *logged) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the log, from a place on, has a line with this, and returns the place behind all that is there.
func (l *logged) await(tb testing.TB, from int, part string) int {
	tb.Helper()
	return l.awaitThat(tb, part, func(text string) bool { return strings.Contains(text[from:], part) })
}

// awaitThat waits until something holds for the log, and returns the place behind all that is there.
func (l *logged) awaitThat(tb testing.TB, what string, holds func(text string) bool) int {
	tb.Helper()
	for ctx := within(tb); ; {
		l.mu.Lock()
		text, written := l.text.String(), l.written
		l.mu.Unlock()
		if holds(text) {
			return len(text)
		}
		select {
		case <-written:
		case <-ctx.Done():
			tb.Fatalf("nothing of %q in the log:\n%s", what, text)
		}
	}
}
