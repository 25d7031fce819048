package stream

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/record"
)

// What a task works with, for tests to stand in for.
type (
	Source     = source
	Transactor = transactor
	Membership = membership
)

// Kafka is the cluster as a task asks it, made of functions.
type Kafka struct {
	Open      func(tp record.TopicPartition, offset int64) Source
	Committed func(ctx context.Context, tp record.TopicPartition) (int64, bool, error)
	Start     func(ctx context.Context, tp record.TopicPartition) (int64, error)
	End       func(ctx context.Context, tp record.TopicPartition) (int64, error)
}

func (k Kafka) open(tp record.TopicPartition, offset int64) source { return k.Open(tp, offset) }

func (k Kafka) committed(ctx context.Context, tp record.TopicPartition) (int64, bool, error) {
	return k.Committed(ctx, tp)
}

func (k Kafka) start(ctx context.Context, tp record.TopicPartition) (int64, error) {
	return k.Start(ctx, tp)
}

func (k Kafka) end(ctx context.Context, tp record.TopicPartition) (int64, error) {
	return k.End(ctx, tp)
}

// Task is one task without its Stage.
type Task struct{ task }

// NewTask makes a task of parts.
func NewTask(c Config, input record.TopicPartition, k Kafka, w Transactor, m Membership, h NewHandler) *Task {
	return &Task{task{
		Config: c, input: input, kafka: k, writer: w, membership: m,
		newHandler: func(ctx context.Context) (Handler, error) { return h(ctx, input) },
		board:      newBoard(c.Stage),
		watch:      newClockWatch(c.Clock, c.ClockBound, c.Metrics.clockOffset),
		log:        c.Log,
	}}
}

// ClockWatch is what a stage's tasks know of the brokers' clock.
type ClockWatch struct{ watch *clockWatch }

// NewClockWatch begins to watch a clock, at mark zero.
func NewClockWatch(clock func() time.Time, bound time.Duration) ClockWatch {
	return ClockWatch{newClockWatch(clock, bound, prometheus.NewGauge(prometheus.GaugeOpts{Name: "offset"}))}
}

// Observe takes what a request told that was sent and answered at these marks.
func (c ClockWatch) Observe(sent, answered time.Duration, appended time.Time) {
	c.watch.observe(mark(sent), mark(answered), appended.UnixMilli())
}

// Ahead is how far the clock is ahead of the brokers'.
func (c ClockWatch) Ahead() time.Duration { _, ahead := c.watch.look(); return ahead }

// Run lives one life after another until ctx ends (it drops its step) or wanted does (it finishes it).
func (t *Task) Run(ctx, wanted context.Context) { t.run(ctx, wanted) }

// Status is what the task says it is doing.
func (t *Task) Status() []Status { return t.board.all() }
