package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol/listoffsets"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// Place is a place in a partition whose offset can be asked for.
type Place int8

const (
	Earliest Place = iota // the first offset that the partition still has
	Latest                // the high watermark: behind the last record, settled or not
	Stable                // the last stable offset: up to here committed records can be read
)

// The request's own names for places: special timestamps, and the isolation level.
const (
	latestTimestamp   = -1
	earliestTimestamp = -2
	isolationStable   = 1
	asConsumer        = -1
	anyEpoch          = -1
)

// String returns the place's name.
func (p Place) String() string {
	switch p {
	case Earliest:
		return "earliest"
	case Latest:
		return "latest"
	case Stable:
		return "stable"
	}
	return fmt.Sprintf("Place(%d)", int8(p))
}

// missingTime is how long a topic or partition may be unknown before ListOffset believes it: a broker that has just
// started, or just come to lead, hears of it late.
const missingTime = 10 * time.Second

// ListOffset asks a partition's leader for the offset of a place. It retries what time heals until ctx ends, and for ten
// seconds where the topic is unknown; an error says what came last.
func ListOffset(ctx context.Context, client *cluster.Client, tp record.TopicPartition, place Place) (int64, error) {
	var offset int64
	what, began := fmt.Sprintf("list %s offset of %s", place, tp), time.Now()
	err := retry(ctx, client, what, func(ctx context.Context) (err error) {
		offset, err = askOffset(ctx, client, tp, place)
		if isMissing(err) && time.Since(began) < missingTime {
			return notYetError{err}
		}
		return err
	})
	return offset, err
}

// notYetError is of a topic that is missing as yet.
type notYetError struct{ error }

// Kind is Retry, whatever the error's own is.
func (notYetError) Kind() cluster.Kind { return cluster.Retry }

func (e notYetError) Unwrap() error { return e.error }

func askOffset(ctx context.Context, client *cluster.Client, tp record.TopicPartition, place Place) (int64, error) {
	leader, err := client.Leader(ctx, tp)
	if err != nil {
		return 0, err
	}
	answer, err := client.RoundTrip(ctx, leader, listRequest(tp, place))
	if err != nil {
		client.ForgetLeader(tp, leader)
		return 0, err
	}
	for _, topic := range answer.(*listoffsets.Response).Topics {
		for _, p := range topic.Partitions {
			if topic.Topic != tp.Topic || p.Partition != tp.Partition {
				continue
			}
			if err := cluster.ErrorOf(p.ErrorCode); err != nil {
				client.ForgetLeader(tp, leader)
				return 0, err
			}
			return p.Offset, nil
		}
	}
	return 0, errors.New("the broker's answer leaves the partition out")
}

func listRequest(tp record.TopicPartition, place Place) *listoffsets.Request {
	partition := listoffsets.RequestPartition{
		Partition: tp.Partition, CurrentLeaderEpoch: anyEpoch, Timestamp: latestTimestamp,
	}
	request := &listoffsets.Request{ReplicaID: asConsumer}
	switch place {
	case Earliest:
		partition.Timestamp = earliestTimestamp
	case Stable:
		request.IsolationLevel = isolationStable
	}
	request.Topics = []listoffsets.RequestTopic{{Topic: tp.Topic, Partitions: []listoffsets.RequestPartition{partition}}}
	return request
}
