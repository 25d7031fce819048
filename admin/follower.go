package admin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// Follower reads all partitions of a topic, committed records only, without a group. The fetcher must run.
type Follower struct {
	fetcher *consumer.Fetcher
	spans   []span // by partition: what was there when it was made, from where it begins
}

// Follow returns a follower of a topic from its end as it is now, or from its start.
func Follow(ctx context.Context, client *cluster.Client, fetcher *consumer.Fetcher, topic string, from consumer.Place,
) (*Follower, error) {
	partitions, err := partitionCount(ctx, client, topic)
	if err != nil {
		return nil, err
	}
	f := &Follower{fetcher: fetcher, spans: make([]span, partitions)}
	var group errgroup.Group
	for p := range f.spans {
		group.Go(func() (err error) {
			f.spans[p], err = spanOf(ctx, client, record.TopicPartition{Topic: topic, Partition: int32(p)}, from)
			return err
		})
	}
	return f, group.Wait()
}

// partitionCount asks how many partitions a topic has.
func partitionCount(ctx context.Context, client *cluster.Client, topic string) (int, error) {
	response, err := client.Metadata(ctx, topic)
	if err != nil {
		return 0, err
	}
	for _, t := range response.Topics {
		if err := cluster.ErrorOf(t.ErrorCode); t.Name == topic && err != nil {
			return 0, fmt.Errorf("topic %s: %w", topic, err)
		}
		if t.Name == topic {
			return len(t.Partitions), nil
		}
	}
	return 0, fmt.Errorf("topic %s: %w", topic, cluster.UnknownTopicOrPartition)
}

// Run calls each with every record, one at a time, those of a partition in their order, until ctx ends or each returns
// an error; both are returned.
func (f *Follower) Run(ctx context.Context, each func(record.Record) error) error {
	return f.RunUntilIdle(ctx, math.MaxInt64, each)
}

// errIdle ends the reading of a topic that has gone quiet.
var errIdle = errors.New("idle")

// RunUntilIdle is Run that also ends, without an error, when nothing has come for so long. That is counted from each's
// return, and not before everything has been read that was there when the follower was made: a topic whose brokers are
// slow to answer is not idle.
func (f *Follower) RunUntilIdle(ctx context.Context, idle time.Duration, each func(record.Record) error) error {
	group, ctx := errgroup.WithContext(ctx)
	records, caughtUp := make(chan record.Record), make(chan struct{})
	var behind atomic.Int64
	behind.Store(int64(len(f.spans)))
	for _, s := range f.spans {
		group.Go(func() error {
			return f.read(ctx, s, records, func() {
				if behind.Add(-1) == 0 {
					close(caughtUp)
				}
			})
		})
	}
	group.Go(func() error {
		quiet := time.NewTimer(idle)
		quiet.Stop()
		for waiting := caughtUp; ; {
			select {
			case r := <-records:
				if err := each(r); err != nil {
					return err
				}
			case <-waiting:
				waiting = nil
			case <-quiet.C:
				return errIdle
			case <-ctx.Done():
				return ctx.Err()
			}
			if waiting == nil {
				quiet.Reset(idle)
			}
		}
	})
	if err := group.Wait(); !errors.Is(err, errIdle) {
		return err
	}
	return nil
}

// The bounds of one Take.
const (
	followRecords = 500
	followBytes   = 1 << 20
)

// read passes on what a partition has and gets, and calls caughtUp once, when all of its span has been taken over.
func (f *Follower) read(ctx context.Context, s span, to chan<- record.Record, caughtUp func()) error {
	p := f.fetcher.Add(s.TopicPartition, s.start)
	defer p.Close()
	caughtUp = sync.OnceFunc(caughtUp)
	for next := s.start; ; {
		if next >= s.end {
			caughtUp()
		}
		select {
		case <-p.Ready():
		case <-ctx.Done():
			return ctx.Err()
		}
		records, behind, err := p.Take(followRecords, followBytes)
		if err != nil {
			return fmt.Errorf("follow %s: %w", s.TopicPartition, err)
		}
		for _, r := range records {
			select {
			case to <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		next = behind
	}
}
