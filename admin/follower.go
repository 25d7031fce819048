package admin

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// Follower reads all partitions of a topic, committed records only, without a group. The fetcher must run.
type Follower struct {
	fetcher *consumer.Fetcher
	topic   string
	starts  []int64 // by partition
}

// Follow returns a follower of a topic from its end as it is now, or from its start.
func Follow(ctx context.Context, client *cluster.Client, fetcher *consumer.Fetcher, topic string, from consumer.Place,
) (*Follower, error) {
	partitions, err := partitionCount(ctx, client, topic)
	if err != nil {
		return nil, err
	}
	f := &Follower{fetcher: fetcher, topic: topic, starts: make([]int64, partitions)}
	var group errgroup.Group
	for p := range f.starts {
		group.Go(func() (err error) {
			f.starts[p], err = consumer.ListOffset(ctx, client, f.partition(p), from)
			return err
		})
	}
	return f, group.Wait()
}

func (f *Follower) partition(p int) record.TopicPartition {
	return record.TopicPartition{Topic: f.topic, Partition: int32(p)}
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
	group, ctx := errgroup.WithContext(ctx)
	records := make(chan record.Record)
	for p, start := range f.starts {
		group.Go(func() error { return f.read(ctx, f.partition(p), start, records) })
	}
	group.Go(func() error {
		for {
			select {
			case r := <-records:
				if err := each(r); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return group.Wait()
}

// The bounds of one Take.
const (
	followRecords = 500
	followBytes   = 1 << 20
)

func (f *Follower) read(ctx context.Context, tp record.TopicPartition, start int64, to chan<- record.Record) error {
	p := f.fetcher.Add(tp, start)
	defer p.Close()
	for {
		select {
		case <-p.Ready():
		case <-ctx.Done():
			return ctx.Err()
		}
		records, _, err := p.Take(followRecords, followBytes)
		if err != nil {
			return fmt.Errorf("follow %s: %w", tp, err)
		}
		for _, r := range records {
			select {
			case to <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}
