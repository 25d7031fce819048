package admin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

// Brokers that are slow to answer, and an owner that is slow to take, make no idle topic.
func TestATopicIsIdleWhenItHasBeenRead(t *testing.T) {
	y := openYard(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	const idle = time.Millisecond
	for partition := range int32(3) {
		y.bury(t, partition, "a", "b")
	}
	follower, err := admin.Follow(t.Context(), y.client, y.fetcher, y.topics.DeadLetters(), consumer.Earliest)
	if err != nil {
		t.Fatal(err)
	}
	y.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: y.topics.DeadLetters(), Err: kerr.NotLeaderForPartition, Count: 10,
	})
	var got []string
	err = follower.RunUntilIdle(t.Context(), idle, func(r record.Record) error {
		began := time.Now()
		for time.Since(began) < 2*idle {
		}
		got = append(got, string(r.Key))
		return nil
	})
	slices.Sort(got)
	if want := []string{"a", "a", "a", "b", "b", "b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// Who follows from the end waits for nothing that was there before.
func TestATopicIsIdleFromItsEnd(t *testing.T) {
	y := openYard(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	y.bury(t, 1, "before")
	follower, err := admin.Follow(t.Context(), y.client, y.fetcher, y.topics.DeadLetters(), consumer.Latest)
	if err != nil {
		t.Fatal(err)
	}
	err = follower.RunUntilIdle(t.Context(), time.Millisecond, func(r record.Record) error {
		t.Errorf("read %s", r.Key)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
