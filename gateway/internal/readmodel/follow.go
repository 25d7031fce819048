package readmodel

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/gateway/internal/follow"
	"cardstream/internal/cluster"
	"cardstream/provisioning"
	"cardstream/record"
)

// Follower keeps a model as new as the topic.
type Follower struct {
	Model      *Model
	Client     *cluster.Client
	Fetcher    *consumer.Fetcher // must run; has none of the topic's partitions open
	Topic      string
	Partitions int32
	Identity   func(ctx context.Context) (Identity, error)

	progress []progress // by partition
}

// progress is how far a partition is.
type progress struct{ position, target atomic.Int64 }

// Prepare makes ready for Run; Progress may be called from then on.
func (f *Follower) Prepare() {
	f.progress = make([]progress, f.Partitions)
	f.nowhere()
}

// nowhere says that nothing can be looked up yet.
func (f *Follower) nowhere() {
	for p := range f.progress {
		f.progress[p].target.Store(unknown)
	}
}

// unknown is a target that no position reaches.
const unknown = int64(1) << 62

// Progress returns how far a partition is, and how far it must be before it is looked up in; target is -1 as long as
// that is not known.
func (f *Follower) Progress(partition int32) (position, target int64, caughtUp bool) {
	p := &f.progress[partition]
	position, target = p.position.Load(), p.target.Load()
	if target == unknown {
		return position, -1, false
	}
	return position, target, position >= target
}

// CaughtUp reports whether the model has all that the topic had when Run began.
func (f *Follower) CaughtUp() bool {
	for p := range f.progress {
		if _, _, caughtUp := f.Progress(int32(p)); !caughtUp {
			return false
		}
	}
	return true
}

// Run follows until ctx ends. A topic that is no longer the one that was copied is copied anew.
func (f *Follower) Run(ctx context.Context) error {
	backoff := cluster.Backoff{Min: 250 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := f.life(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if _, gone := errors.AsType[*consumer.OffsetOutOfRangeError](err); !gone {
			return err
		}
		f.Model.Logger.Warn("the read model is filled anew", "because", err)
		if err := f.Model.Wipe(); err != nil {
			return err
		}
		if backoff.Wait(ctx) != nil {
			return nil
		}
	}
}

// life follows from where the model stands.
func (f *Follower) life(ctx context.Context) error {
	f.nowhere()
	identity, err := f.Identity(ctx)
	if err != nil {
		return err
	}
	starts, err := follow.Ends(ctx, f.Client, f.Topic, f.Partitions, consumer.Earliest)
	if err != nil {
		return err
	}
	targets, err := follow.Ends(ctx, f.Client, f.Topic, f.Partitions, consumer.Stable)
	if err != nil {
		return err
	}
	checkpoints, err := f.Model.Begin(identity, f.Partitions, provisioning.TimestampOf(time.Now()))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for p, c := range checkpoints {
		if c.Position == 0 {
			// Filled from the beginning, if nobody has deleted it, it is as new as this moment as far as deletions go.
			c = Checkpoint{Position: starts[p], CaughtUpAt: provisioning.TimestampOf(time.Now())}
		}
		f.progress[p].position.Store(c.Position)
		f.progress[p].target.Store(targets[p])
		group.Go(func() error { return f.partition(ctx, int32(p), c) })
	}
	return group.Wait()
}

// partition follows one partition.
func (f *Follower) partition(ctx context.Context, partition int32, c Checkpoint) error {
	var noted time.Time
	tp := record.TopicPartition{Topic: f.Topic, Partition: partition}
	return follow.Partition(ctx, f.Fetcher, tp, c.Position, func(s follow.Step) error {
		c.Position = s.Next
		if s.CaughtUp {
			c.CaughtUpAt = provisioning.TimestampOf(time.Now())
		}
		// A step without records is one of transactions' ends, or of nothing: to note it now and then is enough.
		if len(s.Records) > 0 || time.Since(noted) >= follow.IdleEvery {
			if err := f.Model.Apply(ctx, partition, s.Records, c); err != nil {
				return err
			}
			noted = time.Now()
		}
		f.progress[partition].position.Store(s.Next)
		return nil
	})
}
