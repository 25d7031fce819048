package devkafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/devkafka"
	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// mustStart returns a cluster that is closed at the test's end.
func mustStart(tb testing.TB, config devkafka.Config) *devkafka.Cluster {
	tb.Helper()
	cluster, err := devkafka.Start(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { mustClose(tb, cluster) })
	return cluster
}

func mustClose(tb testing.TB, cluster *devkafka.Cluster) {
	tb.Helper()
	if err := cluster.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

func mustClient(tb testing.TB, cluster *devkafka.Cluster, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(cluster.Addrs()...)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

func mustCreate(tb testing.TB, cluster *devkafka.Cluster, topic string, settings map[string]string) {
	tb.Helper()
	if err := cluster.Kafka().CreateTopic(topic, 1, settings); err != nil {
		tb.Fatal(err)
	}
}

// readAll polls until so many records have come.
func readAll(tb testing.TB, cluster *devkafka.Cluster, topic string, count int) []*kgo.Record {
	tb.Helper()
	client := mustClient(tb, cluster, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			tb.Fatalf("after %d of %d records of %s: %v", len(records), count, topic, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}
