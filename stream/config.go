package stream

import (
	"log/slog"
	"time"

	"cardstream/record"
)

// MissingOffset says where to begin on a partition without a committed offset of which records have been deleted.
type MissingOffset string

// The choices: by default there is none, and the partition stops until somebody has chosen.
const (
	NoChoice MissingOffset = ""
	Earliest MissingOffset = "earliest"
	Latest   MissingOffset = "latest"
)

// Config is what the tasks of one stage share. DefaultConfig fills in what has a default.
type Config struct {
	Stage   string // "intake", "dispatch": the label of metrics and logs
	Group   string // consumer group, and prefix of the transactional ids
	Metrics *Metrics
	Log     *slog.Logger
	Clock   func() time.Time

	Counts map[string]int32 // how many partitions each input topic had when the process checked

	// Outputs returns every partition that the task of an input partition may ever write to: at a takeover the last
	// owner's transaction is settled there. Nil is for handlers that write nothing.
	Outputs func(input record.TopicPartition) []record.TopicPartition

	OnMissingOffset MissingOffset

	StepRecords int           // most records of one step
	StepBytes   int           // most bytes of keys and values of one step
	StepTime    time.Duration // a step that has lasted this long takes no further records
	StepWakes   int           // most requests woken in one step
	Linger      time.Duration // least time between the beginnings of two steps of a task, more on busy brokers; 0: none

	TransactionTimeout time.Duration // after which the brokers abort what a silent process left open
	IdleCommit         time.Duration // how often the position is committed where no record says so
	DrainTimeout       time.Duration // how long the step in hand may take to end
	RestartMin         time.Duration // back-off between the lives of a task
	RestartMax         time.Duration
	Restores           int           // how many partitions are restored at a time
	RestoreStall       time.Duration // a replay without progress for so long is an error
	ObservationAge     time.Duration // how old the leader's last answer may be for the state to be woken
	GuardPoll          time.Duration // how often to look again at what is due but held back by the guard
	ClockBound         time.Duration // how far this clock may be from the brokers'
}

// DefaultConfig returns the defaults; Stage, Group, Metrics and Log are the caller's to set.
func DefaultConfig() Config {
	return Config{
		Clock:              time.Now,
		StepRecords:        1_000,
		StepBytes:          4 << 20,
		StepTime:           time.Second,
		StepWakes:          1_000,
		TransactionTimeout: 30 * time.Second,
		IdleCommit:         time.Minute,
		DrainTimeout:       2 * time.Second,
		RestartMin:         100 * time.Millisecond,
		RestartMax:         5 * time.Second,
		Restores:           4,
		RestoreStall:       time.Minute,
		ObservationAge:     2 * time.Second,
		GuardPoll:          10 * time.Millisecond,
		ClockBound:         5 * time.Second,
	}
}
