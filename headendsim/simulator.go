package headendsim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
	"cardstream/schemas"
)

// Config is a simulated headend's place on a cluster.
type Config struct {
	Settings

	Client  *cluster.Client
	Fetcher *consumer.Fetcher // must run as long as the simulator
	Schemas *schemas.Set
	Log     *slog.Logger

	Group            string // consumer group, and prefix of the transactional ids
	Commands         string // the topic that is read
	Results          string // the topic that is written
	ResultPartitions int32
}

// Simulator is a member of the consumer group of simulated headends, each of which answers the commands of its
// partitions.
type Simulator struct {
	config  Config
	group   *consumer.Group
	headend *headend

	desks map[record.TopicPartition]*running // touched by the group's callback, and at the end
}

// running is a desk's goroutine as its owner sees it.
type running struct {
	right *consumer.Membership
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// New returns a simulator that does nothing until Run. The settings must be valid.
func New(c Config) *Simulator {
	return &Simulator{
		config: c, desks: make(map[record.TopicPartition]*running),
		group: consumer.NewGroup(c.Client, consumer.GroupConfig{
			Group: c.Group, Topics: []string{c.Commands}, Logger: c.Log,
		}),
	}
}

// Run reads and answers until ctx ends, and then leaves the group: answers that still wait are given by whoever reads
// their commands next. The times of an outage count from here. An error means that the group cannot be joined. It is
// called once.
func (s *Simulator) Run(ctx context.Context) error {
	s.headend = &headend{Settings: s.config.Settings, began: time.Now()}
	defer s.stop(func(record.TopicPartition, *running) bool { return true })
	if err := s.group.Run(ctx, func(a consumer.Assignment) { s.assign(ctx, a) }); err != nil {
		return fmt.Errorf("consumer group %s: %w", s.config.Group, err)
	}
	return nil
}

// assign stops the desks of lost partitions and opens those of new ones. One that was lost and given back in between is
// both.
func (s *Simulator) assign(ctx context.Context, a consumer.Assignment) {
	owned := a.Partitions[s.config.Commands]
	s.stop(func(tp record.TopicPartition, r *running) bool {
		return !slices.Contains(owned, tp.Partition) || r.right != s.group.Membership(tp)
	})
	for _, partition := range owned {
		tp := record.TopicPartition{Topic: s.config.Commands, Partition: partition}
		if s.desks[tp] == nil {
			s.desks[tp] = s.open(ctx, tp)
		}
	}
}

// stop ends the desks that are lost, and waits for them.
func (s *Simulator) stop(lost func(record.TopicPartition, *running) bool) {
	var ended []*running
	for tp, r := range s.desks {
		if lost(tp, r) {
			r.stop()
			ended = append(ended, r)
			delete(s.desks, tp)
		}
	}
	for _, r := range ended {
		r.done.Wait()
	}
}

func (s *Simulator) open(ctx context.Context, tp record.TopicPartition) *running {
	ctx, stop := context.WithCancel(ctx)
	r := &running{right: s.group.Membership(tp), stop: stop}
	d := &desk{
		Config: s.config, headend: s.headend, input: tp, membership: r.right,
		writer: producer.NewTransactional(s.config.Client, producer.Config{
			TransactionalID: fmt.Sprintf("%s-%s-%d", s.config.Group, tp.Topic, tp.Partition),
		}),
		log: s.config.Log.With("topic", tp.Topic, "partition", tp.Partition),
	}
	r.done.Go(func() { d.run(ctx) })
	return r
}
