package kafkatest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Prefix returns a beginning for the names of this test's topics, groups and transactional ids which no other test
// uses, in this run or another. It ends in a dot. Call it once and keep it: each call returns another.
func (c Cluster) Prefix(tb testing.TB) string {
	tb.Helper()
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-':
			return r
		}
		return '-'
	}, tb.Name())
	const longest = 60 // Kafka takes 249 characters for the whole name
	return name[:min(len(name), longest)] + "-" + strings.ToLower(rand.Text()[:10]) + "."
}

// CreateTopic creates a topic, replicated as the cluster does by default, and waits until every partition is served. On
// a shared cluster it is deleted at the test's end. Settings are the topic's, such as "cleanup.policy".
func (c Cluster) CreateTopic(tb testing.TB, topic string, partitions int32, settings map[string]string) {
	tb.Helper()
	admin := kadm.NewClient(c.Client(tb))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	configs := make(map[string]*string, len(settings))
	for name, value := range settings {
		configs[name] = new(value)
	}
	if _, err := admin.CreateTopic(ctx, partitions, -1, configs, topic); err != nil {
		tb.Fatalf("create topic %s: %v", topic, err)
	}
	if c.Real {
		deleteAtEnd(tb, admin, topic)
	}
	awaitServing(ctx, tb, admin, topic, partitions)
}

func deleteAtEnd(tb testing.TB, admin *kadm.Client, topic string) {
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if _, err := admin.DeleteTopic(ctx, topic); err != nil {
			tb.Logf("delete topic %s: %v", topic, err)
		}
	})
}

// awaitServing asks until every partition answers: a real cluster answers CreateTopics, and Metadata too, before the
// brokers serve the topic.
func awaitServing(ctx context.Context, tb testing.TB, admin *kadm.Client, topic string, partitions int32) {
	tb.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		ends, err := admin.ListEndOffsets(ctx, topic)
		if err == nil && ends.Error() == nil && len(ends[topic]) == int(partitions) {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("topic %s is not served yet: %v", topic, errors.Join(err, ends.Error()))
		case <-again.C:
		}
	}
}

// Client returns an independent Kafka client (franz-go), closed at the test's end: to feed what cardstream reads and to
// judge what it wrote.
func (c Cluster) Client(tb testing.TB, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	defaults := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.MetadataMinAge(50 * time.Millisecond), // else a topic not yet known everywhere costs 5 s
	}
	client, err := kgo.NewClient(append(defaults, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}
