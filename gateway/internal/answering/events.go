package answering

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/gateway/internal/follow"
	"cardstream/internal/cluster"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Events follows provisioning.events for a hub, from its end as it is when Run begins.
type Events struct {
	Hub        *Hub
	Client     *cluster.Client
	Fetcher    *consumer.Fetcher // must run
	Codec      *schemas.Codec[provisioning.Event]
	Topic      string
	Partitions int32
	Log        *slog.Logger

	following atomic.Bool
}

// Following reports whether events that are written from now on will be heard.
func (e *Events) Following() bool { return e.following.Load() }

// Run follows until ctx ends. Events that were deleted before they were read answer nobody any more: it goes on from
// the end then.
func (e *Events) Run(ctx context.Context) error {
	backoff := cluster.Backoff{Min: 250 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := e.life(ctx)
		e.following.Store(false)
		if ctx.Err() != nil {
			return nil
		}
		if _, gone := errors.AsType[*consumer.OffsetOutOfRangeError](err); !gone {
			return err
		}
		e.Log.Warn("events are followed from their end again", "because", err)
		if backoff.Wait(ctx) != nil {
			return nil
		}
	}
}

func (e *Events) life(ctx context.Context) error {
	ends, err := follow.Ends(ctx, e.Client, e.Topic, e.Partitions, consumer.Latest)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for p, end := range ends {
		tp := record.TopicPartition{Topic: e.Topic, Partition: int32(p)}
		group.Go(func() error {
			return follow.Partition(ctx, e.Fetcher, tp, end, func(s follow.Step) error { return e.hear(ctx, s.Records) })
		})
	}
	e.following.Store(true)
	return group.Wait()
}

func (e *Events) hear(ctx context.Context, records []record.Record) error {
	for i := range records {
		event, err := e.Codec.Decode(ctx, records[i].Value)
		if bad, ok := errors.AsType[*schemas.Error](err); ok {
			// Somebody else writes there: no caller waits for that.
			e.Log.Error("an event cannot be read", "partition", records[i].TopicPartition().String(),
				"offset", records[i].Offset, "error", bad)
			continue
		}
		if err != nil {
			return err
		}
		e.Hub.Hear(&event)
	}
	return nil
}
