package stream

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"cardstream/record"
)

// State says what a task is doing.
type State string

// The states of a task.
const (
	Starting  State = "starting"  // taking the partition over
	Restoring State = "restoring" // replaying the changelog
	Stepping  State = "stepping"  // at work
	Waiting   State = "waiting"   // its last life ended; the next begins after a back-off
	Stopped   State = "stopped"   // for good, until somebody has looked at it
)

// Status is what one task is doing, for /readyz.
type Status struct {
	Stage     string    `json:"stage"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	State     State     `json:"state"`
	Detail    string    `json:"detail"` // progress, or why it waits or is stopped; "" where there is nothing to say
	Since     time.Time `json:"since"`
}

// board is where the tasks of a stage say what they are doing.
type board struct {
	stage string
	mu    sync.Mutex
	tasks map[record.TopicPartition]Status
}

func newBoard(stage string) *board {
	return &board{stage: stage, tasks: make(map[record.TopicPartition]Status)}
}

func (b *board) set(tp record.TopicPartition, s State, detail string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.tasks[tp]
	if known && before.State == s {
		now = before.Since
	}
	b.tasks[tp] = Status{Stage: b.stage, Topic: tp.Topic, Partition: tp.Partition, State: s, Detail: detail, Since: now}
}

func (b *board) remove(tp record.TopicPartition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tasks, tp)
}

// all returns every task's status, by topic and partition.
func (b *board) all() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Status, 0, len(b.tasks))
	for _, s := range b.tasks {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y Status) int {
		return cmp.Or(cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.Partition, y.Partition))
	})
	return list
}
