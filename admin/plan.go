package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cardstream/schemas"
)

// Plan is how the topics of one installation are to be.
type Plan struct {
	Topics            schemas.Topics
	Partitions        int32 // of every topic but provisioning.control
	ReplicationFactor int16
	MinInSyncReplicas int
}

// DefaultPartitions is how many partitions the topics have if nobody says otherwise. Their number is fixed at creation:
// a card's partition depends on it.
const DefaultPartitions = 12

// The largest record that a topic takes: Kafka's default, and a larger one for the dead letters, which must take what
// any other topic took, and its headers.
const (
	messageBytes    = 1_048_588
	deadLetterBytes = 4 << 20
)

const day = 24 * time.Hour

// topic is one topic of a plan.
type topic struct {
	name       string
	partitions int32
	settings   []setting
}

// setting is one setting of a topic: what it is created with, and what is right where it exists.
type setting struct {
	name   string
	value  string
	atMost bool // a smaller number is right as well
	least  bool // a larger number is right as well
	vital  bool // a processor must not run with another value; the others are the operator's own risk
}

// topics returns the topics of the plan, in the order of docs/contract.md.
func (p Plan) topics() []topic {
	t := p.Topics
	return []topic{
		p.log(t.Commands(), 7*day),
		p.log(t.Requests(), 7*day),
		p.compacted(t.State(), p.Partitions,
			// Tombstones are kept long enough for an instance that was away; PINs of ended requests go within a day.
			setting{name: "delete.retention.ms", value: millis(day), least: true, vital: true},
			setting{name: "segment.ms", value: millis(time.Hour), atMost: true},
			setting{name: "max.compaction.lag.ms", value: millis(day), atMost: true}),
		p.log(t.SmartcardCommands(), 7*day),
		p.log(t.SmartcardResults(), 7*day),
		p.log(t.Events(), 30*day),
		p.compacted(t.Control(), 1),
		p.log(t.DeadLetters(), 30*day),
	}
}

// log is a topic whose records are deleted after a time.
func (p Plan) log(name string, retention time.Duration) topic {
	return p.topic(name, p.Partitions,
		setting{name: "cleanup.policy", value: "delete"},
		setting{name: "retention.ms", value: millis(retention)})
}

// compacted is a topic that keeps the last record of each key for ever.
func (p Plan) compacted(name string, partitions int32, more ...setting) topic {
	return p.topic(name, partitions,
		append([]setting{{name: "cleanup.policy", value: "compact", vital: true}}, more...)...)
}

func (p Plan) topic(name string, partitions int32, own ...setting) topic {
	largest := messageBytes
	if name == p.Topics.DeadLetters() {
		largest = deadLetterBytes
	}
	return topic{name: name, partitions: partitions, settings: append(own,
		setting{name: "min.insync.replicas", value: strconv.Itoa(p.MinInSyncReplicas), least: true},
		setting{name: "unclean.leader.election.enable", value: "false"},
		setting{name: "message.timestamp.type", value: "LogAppendTime", vital: true},
		setting{name: "max.message.bytes", value: strconv.Itoa(largest), least: true},
	)}
}

// equalPartitions are the topics whose partition counts must be the same: a request's number says its partition in all
// of them.
func (p Plan) equalPartitions() []string {
	t := p.Topics
	return []string{t.Requests(), t.State(), t.SmartcardCommands(), t.Events()}
}

// right reports whether a topic that has this value keeps the setting.
func (s setting) right(value string) bool {
	if value == s.value {
		return true
	}
	has, err := strconv.ParseInt(value, 10, 64)
	want, wantErr := strconv.ParseInt(s.value, 10, 64)
	if err != nil || wantErr != nil {
		return false
	}
	return s.least && has > want || s.atMost && has < want
}

// String returns the setting as people compare it.
func (s setting) String() string {
	switch {
	case s.least:
		return s.name + ">=" + s.value
	case s.atMost:
		return s.name + "<=" + s.value
	}
	return s.name + "=" + s.value
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Difference is one way in which a topic is not as planned.
type Difference struct {
	Topic string
	What  string // "is missing", "has 6 partitions, not 12", "cleanup.policy=delete, not compact"
	Vital bool   // no processor may run with it
}

// String returns one line.
func (d Difference) String() string { return fmt.Sprintf("topic %s %s", d.Topic, d.What) }

// sortDifferences puts what stops a processor first.
func sortDifferences(list []Difference) {
	slices.SortStableFunc(list, func(a, b Difference) int {
		rank := func(d Difference) int {
			if d.Vital {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
}
