package follow_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/gateway/internal/follow"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/record"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// tp is the partition that is followed.
var tp = record.TopicPartition{Topic: "topic", Partition: 1}

// world is a cluster of three brokers with a topic of two partitions, and a fetcher that runs.
type world struct {
	kafkatest.Cluster
	client  *cluster.Client
	fetcher *consumer.Fetcher
	writer  *kgo.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Cluster: kafkatest.StartEmbedded(t, devkafka.Config{Brokers: 3})}
	w.CreateTopic(t, tp.Topic, 2, nil)
	w.client = must(cluster.Open(cluster.Config{Brokers: w.Brokers}))
	t.Cleanup(w.client.Close)
	w.fetcher = consumer.NewFetcher(w.client, consumer.FetcherConfig{
		MaxWait: 20 * time.Millisecond, MissingTopicTimeout: 50 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running errgroup.Group
	running.Go(func() error { return w.fetcher.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	})
	w.writer = w.newWriter(t)
	return w
}

func (w *world) newWriter(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	return w.Client(t, append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
}

// write writes values and returns the offset behind them.
func (w *world) write(t *testing.T, by *kgo.Client, values ...string) int64 {
	t.Helper()
	var last int64
	for _, v := range values {
		r := &kgo.Record{Topic: tp.Topic, Partition: tp.Partition, Value: []byte(v)}
		if err := by.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		last = r.Offset
	}
	return last + 1
}

// follower keeps account of what is read.
type follower struct {
	mu     sync.Mutex
	values []string
	first  follow.Step
	last   follow.Step
	err    error // what each returns next
	ended  chan error
	stop   func()
}

// follow follows the partition until the test's end.
func (w *world) follow(t *testing.T, from int64) *follower {
	t.Helper()
	f := &follower{ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.ended <- follow.Partition(ctx, w.fetcher, tp, from, f.each) })
	f.stop = func() { cancel(); running.Wait() }
	t.Cleanup(f.stop)
	return f
}

// each takes a step. One without records is never the last: how many of those there are depends on the leader.
func (f *follower) each(s follow.Step) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range s.Records {
		f.values = append(f.values, string(r.Value))
	}
	if f.last.Next == 0 {
		f.first = s
	}
	f.last = s
	if len(s.Records) == 0 {
		return nil
	}
	return f.err
}

// fail has the next step with records be the last.
func (f *follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// seen returns what was read so far.
func (f *follower) seen() (values []string, last follow.Step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.values, f.last
}

// awaitNext waits until everything in front of an offset was read or passed over.
func (f *follower) awaitNext(t *testing.T, next int64) (values []string, last follow.Step) {
	t.Helper()
	return f.awaitStep(t, 20*time.Second, func(s follow.Step) bool { return s.Next >= next })
}

// awaitCaughtUp waits until there is no more to read behind an offset. Where the leader's word was old when the last
// record was read, this is said only when the partition has been idle for long.
func (f *follower) awaitCaughtUp(t *testing.T, next int64) (values []string, last follow.Step) {
	t.Helper()
	return f.awaitStep(t, 2*follow.IdleEvery, func(s follow.Step) bool { return s.Next >= next && s.CaughtUp })
}

// awaitStep waits for a step.
func (f *follower) awaitStep(t *testing.T, patience time.Duration, is func(follow.Step) bool,
) (values []string, last follow.Step) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		if values, last = f.seen(); is(last) {
			return values, last
		}
		select {
		case <-again.C:
		case err := <-f.ended:
			t.Fatalf("it ended with %v, at %+v", err, last)
		case <-ctx.Done():
			t.Fatalf("not in time: at %+v", last)
		}
	}
}
