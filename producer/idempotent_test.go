package producer_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

func TestDeliveriesTellEachOffset(t *testing.T) {
	b := mustBench(t)
	p := producer.NewIdempotent(b.open(t), producer.IdempotentConfig{})
	for round := range int64(3) {
		deliveries, err := p.Produce(t.Context(), []record.Record{
			b.record(b.out, 1, "a"), b.record(b.state, 0, "b"), b.record(b.out, 1, "c")})
		if err != nil {
			t.Fatal(err)
		}
		var offsets []int64
		for _, d := range deliveries {
			offsets = append(offsets, d.Offset)
			if d.Fate != producer.Written || d.AppendTime == 0 {
				t.Errorf("delivery %+v", d)
			}
		}
		if want := []int64{2 * round, round, 2*round + 1}; !slices.Equal(offsets, want) {
			t.Errorf("offsets %v, want %v", offsets, want)
		}
	}
	if got := b.committed(t, b.out, 1); !slices.Equal(got, []string{"a", "c", "a", "c", "a", "c"}) {
		t.Errorf("read %q", got)
	}
}

func TestIdempotentIsSharedByGoroutines(t *testing.T) {
	b := mustBench(t)
	p := producer.NewIdempotent(b.open(t), producer.IdempotentConfig{})
	const writers, each = 8, 10
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				if _, err := p.Produce(t.Context(), []record.Record{b.record(b.state, 0, "v")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := len(b.committed(t, b.state, 0)); got != writers*each {
		t.Errorf("%d records, want %d", got, writers*each)
	}
}

func TestALostAnswerIsMadeUpFor(t *testing.T) {
	b := mustBench(t)
	s := &saboteur{lose: func(key protocol.ApiKey, nth, _ int) bool { return key == protocol.Produce && nth%2 == 1 }}
	p := producer.NewIdempotent(b.open(t, s.on), producer.IdempotentConfig{})
	for _, value := range numbered(4) {
		if _, err := p.Produce(t.Context(), []record.Record{b.record(b.state, 0, value)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.committed(t, b.state, 0); !slices.Equal(got, numbered(4)) || s.losses() != 4 {
		t.Errorf("read %q after %d losses", got, s.losses())
	}
}

// Where a call fails it says of each record what is known.
func TestFates(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *kerr.Error // the answer to whatever is written to the state topic
		want producer.Fate
		kind cluster.Kind
	}{
		{"refused for good", kerr.TopicAuthorizationFailed, producer.NotWritten, cluster.Stop},
		{"refused, too few replicas", kerr.NotEnoughReplicas, producer.NotWritten, cluster.RetrySame},
		{"written, too few replicas then", kerr.NotEnoughReplicasAfterAppend, producer.Unknown, cluster.RetrySame},
		{"timed out", kerr.RequestTimedOut, producer.Unknown, cluster.RetrySame},
		{"who knows", kerr.UnknownServerError, producer.Unknown, cluster.RestartTask},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := mustFaultyBench(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &saboteur{lose: func(key protocol.ApiKey, nth, _ int) bool {
				if key == protocol.Metadata && nth == 3 { // two leaders were found, and one is looked for again
					cancel()
				}
				return false
			}}
			p := producer.NewIdempotent(b.open(t, s.on), producer.IdempotentConfig{})
			fault := b.Embedded.Kafka().Fault(kfake.Fault{
				Keys: []kmsg.Key{kmsg.Produce}, Topic: b.state, Err: c.err, Count: -1})
			deliveries, err := p.Produce(ctx, []record.Record{b.record(b.state, 0, "x"), b.record(b.out, 0, "y")})
			fault.Remove()
			if err == nil || cluster.KindOf(err) != c.kind {
				t.Errorf("it says %v, kind %v", err, cluster.KindOf(err))
			}
			if deliveries[0].Fate != c.want || deliveries[1].Fate != producer.Written {
				t.Errorf("fates %v and %v, want %v and written", deliveries[0].Fate, deliveries[1].Fate, c.want)
			}
			if _, err := p.Produce(t.Context(), []record.Record{b.record(b.out, 0, "z")}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if got := b.committed(t, b.out, 0); !slices.Equal(got, []string{"y", "z"}) {
				t.Errorf("read %q", got)
			}
		})
	}
}

// A partition that has forgotten the producer gets a new one, as nothing was written.
func TestAForgottenProducerStartsOver(t *testing.T) {
	b := mustFaultyBench(t)
	p := producer.NewIdempotent(b.open(t), producer.IdempotentConfig{})
	for i, value := range numbered(3) {
		if i == 1 {
			b.Embedded.Kafka().Fault(kfake.Fault{
				Keys: []kmsg.Key{kmsg.Produce}, Topic: b.state, Err: kerr.OutOfOrderSequenceNumber, Count: 2})
		}
		records := []record.Record{b.record(b.state, 0, value), b.record(b.out, 0, value)}
		if _, err := p.Produce(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range []string{b.state, b.out} {
		if got := b.committed(t, topic, 0); !slices.Equal(got, numbered(3)) {
			t.Errorf("%s holds %q", topic, got)
		}
	}
}

func TestACallWaitsForItsTurnNoLongerThanItsContext(t *testing.T) {
	b := mustBench(t)
	p := producer.NewIdempotent(b.open(t), producer.IdempotentConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	deliveries, err := p.Produce(ctx, []record.Record{b.record(b.state, 0, "x")})
	if !errors.Is(err, context.Canceled) || deliveries[0].Fate != producer.NotWritten {
		t.Errorf("it says %v, %v", deliveries, err)
	}
}
