package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// lateContext is one whose end comes after its deadline, as every context's does by a hair.
type lateContext struct {
	context.Context
	deadline time.Time
}

func (c lateContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Whoever hears that time is up finds that its context has ended.
func TestADeadlinesErrorIsTheContexts(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	leader, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the context has ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
	_, err = client.RoundTrip(lateContext{ctx, time.Now().Add(20 * time.Millisecond)}, leader, longFetch())
	if !errors.Is(err, cause) || ctx.Err() == nil {
		t.Errorf("the round trip says %v, the context %v", err, ctx.Err())
	}
}
