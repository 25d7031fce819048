package producer

import (
	"bytes"
	"errors"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// errNoAnswer: a broker answered, but not for this partition.
var errNoAnswer = errors.New("the answer leaves the partition out")

// message makes the produce request of the lanes' heads, acknowledged by all replicas in sync within timeout. It is good
// for one attempt.
func (s *sender) message(lanes []*lane, timeout time.Duration) *rawproduce.Request {
	const allInSync = -1
	message := &rawproduce.Request{
		TransactionalID: s.transactionalID, Acks: allInSync, Timeout: int32(timeout.Milliseconds())}
	topics := map[string]int{}
	for _, l := range lanes {
		at, known := topics[l.tp.Topic]
		if !known {
			at = len(message.Topics)
			topics[l.tp.Topic] = at
			message.Topics = append(message.Topics, rawproduce.RequestTopic{Topic: l.tp.Topic})
		}
		topic := &message.Topics[at]
		topic.Partitions = append(topic.Partitions, rawproduce.RequestPartition{
			Partition: l.tp.Partition,
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(l.head().bytes)},
		})
	}
	return message
}

// readAnswer writes down what an answer says of each lane's head.
func readAnswer(answer protocol.Message, lanes []*lane) {
	answers := map[record.TopicPartition]*produce.ResponsePartition{}
	for _, topic := range answer.(*produce.Response).Topics {
		for i := range topic.Partitions {
			partition := &topic.Partitions[i]
			answers[record.TopicPartition{Topic: topic.Topic, Partition: partition.Partition}] = partition
		}
	}
	for _, l := range lanes {
		if partition := answers[l.tp]; partition != nil {
			l.head().answered(partition)
		} else {
			l.head().failed(errNoAnswer)
		}
	}
}

func (b *batch) answered(partition *produce.ResponsePartition) {
	switch code := cluster.Error(partition.ErrorCode); code {
	case 0:
		b.err, b.baseOffset, b.appendTime = nil, partition.BaseOffset, max(0, partition.LogAppendTime)
	case cluster.DuplicateSequenceNumber:
		// An earlier attempt wrote it, so long ago that the broker no longer knows where.
		b.err, b.baseOffset = nil, UnknownOffset
	default:
		b.failed(code)
	}
}
