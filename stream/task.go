package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// source is the input partition as a task reads it; *consumer.Partition fulfils it.
type source interface {
	Ready() <-chan struct{}
	Take(maxRecords, maxBytes int) (records []record.Record, next int64, err error)
	Observed() consumer.Observation
	Close()
}

// transactor is how a task writes; *producer.Transactional fulfils it.
type transactor interface {
	Init(ctx context.Context) error
	Commit(ctx context.Context, t producer.Transaction) (producer.Result, error)
	Barrier(ctx context.Context, t producer.Transaction) (producer.Result, error)
	Doubtful() bool
	Settle(ctx context.Context) error
}

// membership is a task's view of its process's place in the group; *consumer.Membership fulfils it.
type membership interface {
	producer.Membership
	// Confirm heartbeats, and errs where this process is no longer a member that owns the partition.
	Confirm(ctx context.Context) error
}

// kafka is what a task asks of the cluster beside its own reading and writing.
type kafka interface {
	// open starts reading a partition, committed records only.
	open(tp record.TopicPartition, offset int64) source
	// committed returns the group's committed offset, and whether there is one.
	committed(ctx context.Context, tp record.TopicPartition) (int64, bool, error)
	// start and end return the first offset that a partition still holds, and the one behind its last.
	start(ctx context.Context, tp record.TopicPartition) (int64, error)
	end(ctx context.Context, tp record.TopicPartition) (int64, error)
}

// task is the work on one input partition, as long as this process owns it. It is run by one goroutine.
type task struct {
	Config
	input      record.TopicPartition
	kafka      kafka
	writer     transactor
	membership membership
	newHandler func(ctx context.Context) (Handler, error)
	board      *board
	watch      *clockWatch
	restores   gate
	log        *slog.Logger

	// Of one life: set by takeOver, used by the steps.
	handler   Handler
	stateful  StatefulHandler // handler, where it remembers; else nil
	source    source
	committed int64 // the offset that the group has for this partition; -1 before there is one
	settled   mark  // when committed was last known to be the group's
	position  atomic.Int64
	changelog int64 // the first changelog offset that the local state does not hold
	guard     wakeGuard
	began     mark          // when the last step that committed began
	gap       time.Duration // how much later the next one may begin
	spacing   spacing
	out       []record.Record // reused by each step
}

// run lives one life after another until ctx ends (drop the step in hand) or wanted ends, which is a child of ctx (finish
// it).
func (t *task) run(ctx, wanted context.Context) {
	backoff := cluster.Backoff{Min: t.RestartMin, Max: t.RestartMax}
	for {
		began := t.Clock()
		err := t.live(ctx, wanted)
		if err == nil || ctx.Err() != nil {
			return
		}
		if stops(err) {
			t.board.set(t.input, Stopped, err.Error(), t.Clock())
			t.log.Error("partition stopped: it goes on only after somebody has seen to it", "error", err)
			<-wanted.Done()
			return
		}
		t.board.set(t.input, Waiting, err.Error(), t.Clock())
		t.log.Warn("task starts again from the log", "error", err)
		if t.Clock().Sub(began) > t.RestartMax {
			backoff.Reset() // a long life: this is a new trouble
		}
		if backoff.Wait(wanted) != nil {
			return
		}
	}
}

// live is one life of the task: it takes the partition over and steps until it is no longer wanted (nil) or something is
// unclear.
func (t *task) live(ctx, wanted context.Context) error {
	defer t.release()
	// Who is no longer wanted while it still takes over leaves at once: there is nothing yet to finish.
	if err := t.takeOver(wanted); err != nil {
		if wanted.Err() != nil {
			return nil
		}
		return err
	}
	t.board.set(t.input, Stepping, "", t.Clock())
	t.log.Info("partition taken over", "offset", t.position.Load())
	for wanted.Err() == nil {
		t.linger(wanted)
		did, err := t.step(ctx)
		if err == nil && !did {
			err = t.idle(ctx, wanted)
		}
		if err != nil {
			return err
		}
	}
	return t.commitPosition(ctx)
}

// release gives back what a life holds.
func (t *task) release() {
	t.Metrics.lag.remove(t.input)
	if t.source != nil {
		t.source.Close()
		t.source = nil
	}
	if t.handler != nil {
		t.handler.Close()
		t.handler, t.stateful = nil, nil
	}
}

// stops reports whether an error is one that starting again cannot help.
func stops(err error) bool {
	if s, ok := errors.AsType[stopper](err); ok {
		return s.StopsTask()
	}
	if _, ok := errors.AsType[*consumer.OffsetOutOfRangeError](err); ok {
		return true
	}
	return cluster.KindOf(err) == cluster.Stop
}

// stopError stops the partition with a message for people.
type stopError struct{ message string }

func (e *stopError) Error() string   { return e.message }
func (e *stopError) StopsTask() bool { return true }

func stopf(format string, args ...any) error {
	return &stopError{message: fmt.Sprintf(format, args...)}
}
