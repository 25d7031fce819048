// Package follow reads all partitions of a topic, committed records only, without a group: for what every process wants
// to know, whoever's partitions they are.
package follow

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// Step is what was read of a partition.
type Step struct {
	Records  []record.Record // in their order; perhaps none
	Next     int64           // offset behind them, and behind whatever else was passed over
	CaughtUp bool            // there was no more to read, as the leader said a moment ago
}

// Ends returns, by partition, the offset of a place in each partition of a topic.
func Ends(ctx context.Context, client *cluster.Client, topic string, partitions int32, place consumer.Place,
) ([]int64, error) {
	ends := make([]int64, partitions)
	group, ctx := errgroup.WithContext(ctx)
	for p := range ends {
		group.Go(func() (err error) {
			ends[p], err = consumer.ListOffset(ctx, client, record.TopicPartition{Topic: topic, Partition: int32(p)}, place)
			return err
		})
	}
	return ends, group.Wait()
}

// The bounds of one Take.
const (
	takeRecords = 1000
	takeBytes   = 1 << 20
)

// IdleEvery is how often a partition in which nothing happens is told about all the same.
const IdleEvery = time.Minute

// recent is how old a leader's word may be: it is renewed at least twice a second.
const recent = 5 * time.Second

// Partition reads a partition from an offset on and calls each with what it read, until ctx ends (then it returns nil)
// or something fails. The fetcher must run.
func Partition(ctx context.Context, f *consumer.Fetcher, tp record.TopicPartition, from int64, each func(Step) error,
) error {
	p := f.Add(tp, from)
	defer p.Close()
	idle := time.NewTicker(IdleEvery)
	defer idle.Stop()
	for {
		select {
		case <-p.Ready():
		case <-idle.C:
		case <-ctx.Done():
			return nil
		}
		records, next, err := p.Take(takeRecords, takeBytes)
		if err != nil {
			return fmt.Errorf("follow %s: %w", tp, err)
		}
		o := p.Observed()
		step := Step{Records: records, Next: next, CaughtUp: next >= o.LastStableOffset && time.Since(o.At) < recent}
		if err := each(step); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("follow %s at offset %d: %w", tp, next, err)
		}
	}
}
