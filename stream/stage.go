package stream

import (
	"context"
	"fmt"
	"maps"
	"runtime/pprof"
	"slices"
	"sync"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// NewHandler makes the handler of one input partition, at the beginning of each life of its task. It may wait (for the
// registry, say) as long as ctx lives.
type NewHandler func(ctx context.Context, input record.TopicPartition) (Handler, error)

// Stage runs the tasks of the partitions that its consumer group gives to this process.
type Stage struct {
	config   Config
	client   *cluster.Client
	fetcher  *consumer.Fetcher
	group    *consumer.Group
	writer   producer.Config // of every task, but for the transactional id and the partitions
	handlers NewHandler
	board    *board
	watch    *clockWatch
	restores gate
}

// NewStage makes a stage that reads through fetcher, as a member of group. The fetcher must run as long as the stage.
func NewStage(c Config, client *cluster.Client, fetcher *consumer.Fetcher, group consumer.GroupConfig,
	writer producer.Config, handlers NewHandler) *Stage {
	group.Group, writer.Group = c.Group, c.Group
	writer.TransactionTimeout = c.TransactionTimeout
	return &Stage{
		config: c, client: client, fetcher: fetcher, group: consumer.NewGroup(client, group),
		writer: writer, handlers: handlers,
		board: newBoard(c.Stage), watch: newClockWatch(c.Clock, c.ClockBound, c.Metrics.clockOffset),
		restores: newGate(c.Restores),
	}
}

// Status returns what each task of this process is doing. It may be called at any time.
func (s *Stage) Status() []Status { return s.board.all() }

// Run works until ctx ends; then the tasks finish the steps in hand, the member leaves the group, and Run returns. An
// error means that the group cannot be joined, and will not be by trying again, or that a topic is not what it was.
func (s *Stage) Run(ctx context.Context) error {
	// The member outlives its tasks: they need its generation for the last commit.
	memberCtx, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	assignments := newLatest[consumer.Assignment]()
	var failure error // of the member; set before left is closed
	left := make(chan struct{})
	go func() {
		defer close(left)
		failure = s.group.Run(memberCtx, assignments.put)
	}()

	crew := crew{stage: s, running: make(map[record.TopicPartition]*runningTask)}
	err := crew.follow(ctx, assignments, left)
	crew.drain()
	leave()
	<-left
	if err == nil && failure != nil {
		err = fmt.Errorf("consumer group %s: %w", s.config.Group, failure)
	}
	return err
}

// checkCounts makes sure that the topics still have the partitions that keys are hashed by. Hashing never uses fresh
// metadata: a topic that grew would put one card into two partitions.
func (s *Stage) checkCounts(a consumer.Assignment) error {
	for topic, has := range a.PartitionCounts {
		if checked, known := s.config.Counts[topic]; known && has != checked {
			return stopf("topic %s has %d partitions, but had %d when this process began: their number is fixed at creation",
				topic, has, checked)
		}
	}
	return nil
}

// owned returns the partitions of an assignment, in order.
func owned(a consumer.Assignment) []record.TopicPartition {
	var list []record.TopicPartition
	for _, topic := range slices.Sorted(maps.Keys(a.Partitions)) {
		for _, p := range a.Partitions[topic] {
			list = append(list, record.TopicPartition{Topic: topic, Partition: p})
		}
	}
	return list
}

// crew is the set of running tasks. Only Stage.Run touches it.
type crew struct {
	stage   *Stage
	running map[record.TopicPartition]*runningTask
}

// runningTask is a task's goroutine as its owner sees it.
type runningTask struct {
	right *consumer.Membership
	drain context.CancelFunc // lets it finish its step
	drop  context.CancelFunc // does not
	done  chan struct{}      // closed when it has ended
}

// follow runs the tasks of each assignment, until ctx ends or the member has left the group.
func (c *crew) follow(ctx context.Context, assignments *latest[consumer.Assignment], left <-chan struct{}) error {
	for {
		select {
		case <-assignments.changed:
			assignment := assignments.get()
			if err := c.stage.checkCounts(assignment); err != nil {
				return err
			}
			c.assign(context.WithoutCancel(ctx), owned(assignment))
		case <-left:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// assign stops the tasks of lost partitions and starts those of new ones. Tasks of kept partitions run on. One that was
// lost and given back in between is both: its right to the partition is another one.
func (c *crew) assign(ctx context.Context, owned []record.TopicPartition) {
	var lost []*runningTask
	for tp, r := range c.running {
		if !slices.Contains(owned, tp) || r.right != c.stage.group.Membership(tp) {
			lost = append(lost, r)
			delete(c.running, tp)
		}
	}
	c.stop(lost)
	for _, tp := range owned {
		if c.running[tp] == nil {
			c.running[tp] = c.stage.start(ctx, tp)
		}
	}
}

// drain stops all tasks.
func (c *crew) drain() {
	c.stop(slices.Collect(maps.Values(c.running)))
	clear(c.running)
}

// stop lets tasks finish their steps side by side, drops what takes longer than the drain time-out, and waits.
func (c *crew) stop(tasks []*runningTask) {
	for _, r := range tasks {
		r.drain()
	}
	var all sync.WaitGroup
	for _, r := range tasks {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), c.stage.config.DrainTimeout)
			defer cancel()
			select {
			case <-r.done:
			case <-ctx.Done():
				r.drop()
				<-r.done
			}
		})
	}
	all.Wait()
}

// start runs the task of one partition.
func (s *Stage) start(ctx context.Context, tp record.TopicPartition) *runningTask {
	ctx, drop := context.WithCancel(ctx)
	wanted, drain := context.WithCancel(ctx)
	r := &runningTask{
		right: s.group.Membership(tp), drain: drain, drop: drop, done: make(chan struct{}),
	}
	writer := s.writer
	writer.TransactionalID = fmt.Sprintf("%s-%s-%d", s.config.Group, tp.Topic, tp.Partition)
	writer.Inputs = []record.TopicPartition{tp}
	if s.config.Outputs != nil {
		writer.Partitions = s.config.Outputs(tp)
	}
	t := &task{
		Config: s.config, input: tp,
		kafka:      clusterKafka{client: s.client, fetcher: s.fetcher, group: s.config.Group},
		writer:     producer.NewTransactional(s.client, writer),
		membership: r.right,
		newHandler: func(ctx context.Context) (Handler, error) { return s.handlers(ctx, tp) },
		board:      s.board, watch: s.watch, restores: s.restores,
		log: s.config.Log.With("stage", s.config.Stage, "topic", tp.Topic, "partition", tp.Partition),
	}
	go func() {
		defer close(r.done)
		defer drop()
		defer s.board.remove(tp)
		pprof.Do(ctx, pprof.Labels("stage", s.config.Stage, "task", tp.String()), func(ctx context.Context) {
			t.run(ctx, wanted)
		})
	}()
	return r
}

// clusterKafka is the real cluster, as a task asks it.
type clusterKafka struct {
	client  *cluster.Client
	fetcher *consumer.Fetcher
	group   string
}

func (k clusterKafka) open(tp record.TopicPartition, offset int64) source {
	return k.fetcher.Add(tp, offset)
}

func (k clusterKafka) committed(ctx context.Context, tp record.TopicPartition) (int64, bool, error) {
	offsets, err := consumer.Committed(ctx, k.client, k.group, []record.TopicPartition{tp})
	offset, found := offsets[tp]
	return offset, found, err
}

func (k clusterKafka) start(ctx context.Context, tp record.TopicPartition) (int64, error) {
	return consumer.ListOffset(ctx, k.client, tp, consumer.Earliest)
}

func (k clusterKafka) end(ctx context.Context, tp record.TopicPartition) (int64, error) {
	return consumer.ListOffset(ctx, k.client, tp, consumer.Latest)
}
