// Package limit is what brokers and machine allow: commands copied in two hops, as cardstream does it, into as many
// records of the same sizes, in transactions, with nothing decided, decoded or kept.
//
//	provisioning.commands → provisioning.requests → provisioning.state, smartcard.commands, 3 × provisioning.events
//
// It reads and writes with franz-go, which is independent of cardstream's own client.
package limit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// Config says where and what is copied.
type Config struct {
	Brokers []string
	Prefix  string // of all topics' names
	App     string // prefix of groups and transactional ids
	Sizes   Sizes
	Most    int // records of a transaction; 0: DefaultMost
}

// Sizes are those of the values written, in bytes.
type Sizes struct{ Entry, State, Card, Event int }

// DefaultMost is enough for a transaction's round trips to cost next to nothing.
const DefaultMost = 10_000

// output is a record that every record read leads to.
type output struct {
	topic string
	size  int
}

// Run copies until ctx ends, and returns nil then. joined is called once for each hop, when its group has its first
// partitions.
func Run(ctx context.Context, c Config, joined func()) error {
	if c.Most == 0 {
		c.Most = DefaultMost
	}
	events := slices.Repeat([]output{{"provisioning.events", c.Sizes.Event}}, 3)
	hops := []hop{
		{c, "intake", "provisioning.commands", []output{{"provisioning.requests", c.Sizes.Entry}}},
		{c, "dispatch", "provisioning.requests",
			append([]output{{"provisioning.state", c.Sizes.State}, {"smartcard.commands", c.Sizes.Card}}, events...)},
	}
	running, ctx := errgroup.WithContext(ctx)
	for _, h := range hops {
		running.Go(func() error { return h.run(ctx, joined) })
	}
	if err := running.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// hop is one of the two.
type hop struct {
	Config
	name string
	from string
	to   []output
}

func (h hop) run(ctx context.Context, joined func()) error {
	first := true
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(h.Brokers...), kgo.ConsumerGroup(h.App+"-"+h.name), kgo.ConsumeTopics(h.Prefix+h.from),
		kgo.TransactionalID(h.App+"-"+h.name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(20*DefaultMost),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
			if first && len(assigned) > 0 {
				first = false
				joined()
			}
		}),
	)
	if err != nil {
		return fmt.Errorf("%s: %w", h.name, err)
	}
	defer session.Close()
	values := make([][]byte, len(h.to))
	for i, o := range h.to {
		values[i] = make([]byte, o.size)
	}
	for {
		if err := h.step(ctx, session, values); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
	}
}

// step copies what one poll brings, in one transaction.
func (h hop) step(ctx context.Context, session *kgo.GroupTransactSession, values [][]byte) error {
	fetches := session.PollRecords(ctx, h.Most)
	if err := errors.Join(ctx.Err(), fetches.Err0()); err != nil {
		return err
	}
	if fetches.Empty() {
		return nil
	}
	if err := session.Begin(); err != nil {
		return err
	}
	fetches.EachRecord(func(r *kgo.Record) {
		for i, o := range h.to {
			// One that fails makes the transaction one that cannot be committed.
			session.Produce(ctx, &kgo.Record{Topic: h.Prefix + o.topic, Key: r.Key, Value: values[i]}, nil)
		}
	})
	committed, err := session.End(ctx, kgo.TryCommit)
	if err == nil && !committed && ctx.Err() == nil {
		err = errors.New("a transaction was aborted")
	}
	return err
}
