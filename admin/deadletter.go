package admin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// DeadLetter is a record of provisioning.dead-letters, with what its headers say (docs/contract.md, "Dead letters").
type DeadLetter struct {
	Record    record.Record // as it stands there
	Code      string
	Message   string
	Source    *Source // where it stood before; nil where the headers do not say, so that somebody else has written it
	Truncated string  // what was left out of it; empty: nothing
	Sender    []record.Header
}

// Source is where a dead letter stood before.
type Source struct {
	record.TopicPartition
	Offset    int64
	Timestamp provisioning.Timestamp
}

// reserved begins the names of headers that are not the sender's.
const reserved = "cardstream."

// ReadDeadLetter takes a record apart. It never fails: what is not there is empty.
func ReadDeadLetter(r record.Record) DeadLetter {
	l := DeadLetter{Record: r}
	ours := make(map[string]string)
	for _, h := range r.Headers {
		if name, isOurs := strings.CutPrefix(h.Key, reserved); isOurs {
			ours[name] = string(h.Value)
			continue
		}
		l.Sender = append(l.Sender, h)
	}
	l.Code, l.Message, l.Truncated = ours["error.code"], ours["error.message"], ours["error.truncated"]
	l.Source = sourceOf(ours)
	return l
}

func sourceOf(ours map[string]string) *Source {
	partition, errPartition := strconv.ParseInt(ours["source.partition"], 10, 32)
	offset, errOffset := strconv.ParseInt(ours["source.offset"], 10, 64)
	timestamp, errTimestamp := strconv.ParseInt(ours["source.timestamp"], 10, 64)
	if errors.Join(errPartition, errOffset, errTimestamp) != nil || ours["source.topic"] == "" {
		return nil
	}
	return &Source{
		TopicPartition: record.TopicPartition{Topic: ours["source.topic"], Partition: int32(partition)},
		Offset:         offset, Timestamp: provisioning.Timestamp(timestamp),
	}
}

// Original returns the record as its sender wrote it, to be written to where it stood; an error says why it cannot be.
// partitions are those of the topics that exist.
func (l *DeadLetter) Original(topics schemas.Topics, partitions map[string]int32) (record.Record, error) {
	if l.Source == nil {
		return record.Record{}, errors.New("its headers do not say where it stood")
	}
	switch l.Source.Topic {
	case topics.Commands(), topics.Requests(), topics.SmartcardResults():
	default:
		return record.Record{}, fmt.Errorf("%s is no topic that dead letters come from", l.Source.Topic)
	}
	if has := partitions[l.Source.Topic]; l.Source.Partition < 0 || l.Source.Partition >= has {
		return record.Record{}, fmt.Errorf("%s does not exist: the topic has %d partitions", l.Source.TopicPartition, has)
	}
	if l.Truncated != "" {
		return record.Record{}, errors.New("it is not whole: " + l.Truncated)
	}
	return record.Record{
		Topic: l.Source.Topic, Partition: l.Source.Partition, Key: l.Record.Key, Value: l.Record.Value, Headers: l.Sender,
	}, nil
}
