package rig

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// replicas moves the partitions of cardstream's topics, of the groups' offsets and of the transactions about.
type replicas struct {
	admin  *kadm.Client
	prefix string
}

// Move takes every third partition, or so, away from one broker, and gives the others their order anew. Brokers that have
// just come back get some time to have all that the others have.
func (r *replicas) Move(ctx context.Context, seed uint64) (int, error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = insist(waiting, func() error { return r.inSync(waiting) }) // else those are moved that are
	return r.assign(ctx, seed, func(draw *rand.Rand, all []int32) []int32 {
		if draw.IntN(3) > 0 {
			return nil
		}
		return all[:nodes-1]
	})
}

// Lead gives every second partition, or so, another order of replicas, and has the first of them elected.
func (r *replicas) Lead(ctx context.Context, seed uint64) (int, error) {
	n, err := r.assign(ctx, seed, func(draw *rand.Rand, all []int32) []int32 {
		if draw.IntN(2) > 0 {
			return nil
		}
		return all
	})
	if err != nil {
		return n, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = r.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, nil)
	return n, err
}

// Spread gives each partition a replica on every broker again, and insists until all are in sync.
func (r *replicas) Spread(ctx context.Context) error {
	err := insist(ctx, func() error {
		_, err := r.assign(ctx, 0, func(_ *rand.Rand, all []int32) []int32 { return all })
		if err != nil {
			return err
		}
		return r.inSync(ctx)
	})
	if err != nil {
		return fmt.Errorf("spread replicas: %w", err)
	}
	return nil
}

// insist attempts until it works or ctx ends.
func insist(ctx context.Context, attempt func() error) error {
	for {
		err := attempt()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-time.After(time.Second):
		}
	}
}

// inSync wants every partition to have a replica on every broker, all in sync.
func (r *replicas) inSync(ctx context.Context) error {
	topics, err := r.topics(ctx)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		for _, p := range topic.Partitions.Sorted() {
			if len(p.ISR) < nodes {
				return fmt.Errorf("%s-%d: only replicas %v are in sync", p.Topic, p.Partition, p.ISR)
			}
		}
	}
	return nil
}

// topics are those of which partitions are moved about.
func (r *replicas) topics(ctx context.Context) ([]kadm.TopicDetail, error) {
	all, err := r.admin.ListTopicsWithInternal(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all.Sorted(), func(t kadm.TopicDetail) bool {
		return !strings.HasPrefix(t.Topic, r.prefix) && !t.IsInternal
	}), nil
}

// patience is how long brokers may take to answer what is asked of them beside their work.
const patience = 15 * time.Second

// assign gives partitions the replicas that choose picks out of all brokers, which it gets in an order drawn from the
// seed; none leaves a partition alone.
func (r *replicas) assign(ctx context.Context, seed uint64, choose func(*rand.Rand, []int32) []int32) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	topics, err := r.topics(ctx)
	if err != nil {
		return 0, err
	}
	draw, n := rand.New(rand.NewPCG(seed, 5)), 0
	var request kadm.AlterPartitionAssignmentsReq
	for _, topic := range topics {
		for _, p := range topic.Partitions.Sorted() {
			all := []int32{1, 2, 3}
			draw.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			to := choose(draw, all)
			whole := len(p.Replicas) < nodes || len(p.ISR) == nodes // or the elections are Kafka's worry already
			if to != nil && whole && !slices.Equal(to, p.Replicas) {
				request.Assign(topic.Topic, p.Partition, to)
				n++
			}
		}
	}
	if n == 0 {
		return 0, nil
	}
	answers, err := r.admin.AlterPartitionAssignments(ctx, request)
	if err != nil {
		return 0, err
	}
	return n, answers.Error()
}
