package limit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/bench/limit"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestEveryCommandIsCopied(t *testing.T) {
	const commands = 500
	cluster := kafkatest.Start(t)
	prefix := cluster.Prefix(t)
	want := map[string]int{"provisioning.requests": 11, "provisioning.state": 22, "smartcard.commands": 33, "provisioning.events": 44}
	cluster.CreateTopic(t, prefix+"provisioning.commands", 3, nil)
	var outputs []string
	for topic := range want {
		cluster.CreateTopic(t, prefix+topic, 3, nil)
		outputs = append(outputs, prefix+topic)
	}
	client := cluster.Client(t, kgo.ConsumeTopics(outputs...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for i := range commands {
		client.Produce(t.Context(), &kgo.Record{Topic: prefix + "provisioning.commands", Key: fmt.Append(nil, i)}, nil)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 1)
	go func() {
		ended <- limit.Run(ctx, limit.Config{
			Brokers: cluster.Brokers, Prefix: prefix, App: prefix, Most: 100,
			Sizes: limit.Sizes{Entry: 11, State: 22, Card: 33, Event: 44},
		}, func() {})
	}()
	for left := commands * 6; left > 0; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if size := want[r.Topic[len(prefix):]]; len(r.Value) != size {
				t.Errorf("%s: a value of %d bytes, want %d", r.Topic, len(r.Value), size)
			}
			left--
		})
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
