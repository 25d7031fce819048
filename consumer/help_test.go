package consumer_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/record"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds every wait of a test for what is to come; what comes in time takes a fraction of it.
const patience = 20 * time.Second

func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// threeBrokers is an embedded cluster of three, for leaders and coordinators that move.
func threeBrokers(tb testing.TB) kafkatest.Cluster {
	tb.Helper()
	return kafkatest.StartEmbedded(tb, devkafka.Config{Brokers: 3})
}

func mustOpen(tb testing.TB, c kafkatest.Cluster) *cluster.Client {
	tb.Helper()
	client, err := cluster.Open(cluster.Config{Brokers: c.Brokers})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// mustFetch runs a fetcher until the test's end.
func mustFetch(tb testing.TB, client *cluster.Client, config consumer.FetcherConfig) *consumer.Fetcher {
	tb.Helper()
	fetcher := consumer.NewFetcher(client, config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- fetcher.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	return fetcher
}

// mustAdd opens a partition until the test's end.
func mustAdd(tb testing.TB, f *consumer.Fetcher, tp record.TopicPartition, offset int64) *consumer.Partition {
	tb.Helper()
	p := f.Add(tp, offset)
	tb.Cleanup(p.Close)
	return p
}

// readTo takes records until the position has reached an offset.
func readTo(tb testing.TB, p *consumer.Partition, until int64) []record.Record {
	tb.Helper()
	var all []record.Record
	for ctx := within(tb); ; {
		select {
		case <-p.Ready():
		case <-ctx.Done():
			tb.Fatalf("%s: %d records and no more, observed %+v", p.TopicPartition(), len(all), p.Observed())
		}
		records, next, err := p.Take(7, 1<<20)
		if err != nil {
			tb.Fatalf("%s: %v", p.TopicPartition(), err)
		}
		all = append(all, records...)
		if next >= until {
			return all
		}
	}
}

// awaitError takes until there is an error.
func awaitError(tb testing.TB, p *consumer.Partition) error {
	tb.Helper()
	for ctx := within(tb); ; {
		select {
		case <-p.Ready():
		case <-ctx.Done():
			tb.Fatalf("%s: no error came", p.TopicPartition())
		}
		if _, _, err := p.Take(100, 1<<20); err != nil {
			return err
		}
	}
}

// await asks again and again until a condition holds.
func await(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	ctx := within(tb)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-ctx.Done():
			tb.Fatalf("in vain: %s", what)
		}
	}
}

func values(records []record.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, string(r.Value))
	}
	return out
}

func wantValues(tb testing.TB, got []record.Record, want ...string) {
	tb.Helper()
	if !slices.Equal(values(got), want) {
		tb.Errorf("read %q, want %q", values(got), want)
	}
}

// numbered returns n values with a common beginning.
func numbered(what string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", what, i)
	}
	return out
}

// writer is a franz-go client that writes to the partition a record names.
func writer(tb testing.TB, c kafkatest.Cluster, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	opts = append([]kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()),
	}, opts...)
	return c.Client(tb, opts...)
}

// write produces values, one batch for all, and returns the last one's offset.
func write(tb testing.TB, w *kgo.Client, tp record.TopicPartition, values ...string) int64 {
	tb.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: tp.Topic, Partition: tp.Partition, Key: []byte(v), Value: []byte(v)}
	}
	if err := w.ProduceSync(within(tb), records...).FirstErr(); err != nil {
		tb.Fatalf("write to %s: %v", tp, err)
	}
	return records[len(records)-1].Offset
}

// transaction writes values in a transaction of its own and ends it; it returns the offset behind its marker.
func transaction(tb testing.TB, w *kgo.Client, tp record.TopicPartition, end kgo.TransactionEndTry, values ...string) int64 {
	tb.Helper()
	begin(tb, w)
	last := write(tb, w, tp, values...)
	finish(tb, w, end)
	return last + 2
}

func begin(tb testing.TB, w *kgo.Client) {
	tb.Helper()
	if err := w.BeginTransaction(); err != nil {
		tb.Fatal(err)
	}
}

func finish(tb testing.TB, w *kgo.Client, end kgo.TransactionEndTry) {
	tb.Helper()
	if err := w.EndTransaction(within(tb), end); err != nil {
		tb.Fatal(err)
	}
}

// embeddedDefaults is one embedded broker, for tests that inject faults.
var embeddedDefaults = devkafka.Config{}

// countingRequests counts fetches by partition, as the When of a fault, which is asked more than once of each.
type countingRequests struct {
	mu   sync.Mutex
	seen map[record.TopicPartition]map[kmsg.Request]struct{}
}

func (c *countingRequests) count(request kmsg.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[record.TopicPartition]map[kmsg.Request]struct{}{}
	}
	for _, topic := range request.(*kmsg.FetchRequest).Topics {
		for _, p := range topic.Partitions {
			tp := record.TopicPartition{Topic: topic.Topic, Partition: p.Partition}
			if c.seen[tp] == nil {
				c.seen[tp] = map[kmsg.Request]struct{}{}
			}
			c.seen[tp][request] = struct{}{}
		}
	}
	return true
}

func (c *countingRequests) about(tp record.TopicPartition) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen[tp])
}

// recordLog returns a logger, and what was logged so far.
func recordLog() (*slog.Logger, func() string) {
	var mu sync.Mutex
	var log strings.Builder
	write := writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	})
	return slog.New(slog.NewTextHandler(write, nil)), func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(b []byte) (int, error) { return w(b) }
