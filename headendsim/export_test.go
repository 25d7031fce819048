package headendsim

import (
	"time"

	"cardstream/provisioning"
)

// Given is an answer as tests see it.
type Given struct {
	At     time.Time
	Result provisioning.Result
}

// Model is a headend with the memory of one desk, without Kafka.
type Model struct {
	headend headend
	done    *memory
}

// NewModel returns one that remembers so many requests.
func NewModel(s Settings, began time.Time, remembers int) *Model {
	return &Model{headend: headend{Settings: s, began: began}, done: newMemory(remembers)}
}

// Work is what the headend does with a command that is read now.
func (m *Model) Work(c *provisioning.SmartcardCommand, now time.Time) []Given {
	var given []Given
	for _, a := range m.headend.work(c, nil, now, m.done) {
		given = append(given, Given{At: a.at, Result: a.result})
	}
	return given
}

// Backlog is a desk's list of answers that wait.
type Backlog struct{ backlog backlog }

// Add takes in the command at an offset, answered at these moments.
func (b *Backlog) Add(offset int64, at ...time.Time) {
	var list []answer
	for _, moment := range at {
		list = append(list, answer{at: moment})
	}
	b.backlog.add(offset, list)
}

// Due returns the offsets of the commands whose answers are due.
func (b *Backlog) Due(now time.Time) []int64 {
	var offsets []int64
	for _, a := range b.backlog.due(now) {
		offsets = append(offsets, a.of.offset)
	}
	return offsets
}

// Position is the offset that would be committed.
func (b *Backlog) Position() int64 { return b.backlog.position() }
