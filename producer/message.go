package producer

import (
	"bytes"
	"errors"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"cardstream/internal/cluster"
	"cardstream/producer/internal/txnwire"
	"cardstream/record"
)

// errNoAnswer: a broker answered, but not for this partition.
var errNoAnswer = errors.New("the answer leaves the partition out")

// message makes the produce request of the lanes' heads, acknowledged by all replicas in sync within timeout. It is good
// for one attempt.
func (s *sender) message(lanes []*lane, timeout time.Duration) protocol.Message {
	if s.joining {
		return s.joiningMessage(lanes, timeout)
	}
	const allInSync = -1
	message := &rawproduce.Request{
		TransactionalID: s.transactionalID, Acks: allInSync, Timeout: int32(timeout.Milliseconds())}
	for _, ofTopic := range byTopic(lanes) {
		topic := rawproduce.RequestTopic{Topic: ofTopic[0].tp.Topic}
		for _, l := range ofTopic {
			topic.Partitions = append(topic.Partitions, rawproduce.RequestPartition{
				Partition: l.tp.Partition,
				RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(l.head().sized)},
			})
		}
		message.Topics = append(message.Topics, topic)
	}
	return message
}

// joiningMessage is the same for a transaction of version 2.
func (s *sender) joiningMessage(lanes []*lane, timeout time.Duration) protocol.Message {
	message := &txnwire.Produce{ClientID: s.client.ClientID(), TransactionalID: s.transactionalID, Timeout: timeout}
	for _, ofTopic := range byTopic(lanes) {
		topic := txnwire.ProduceTopic{Name: ofTopic[0].tp.Topic}
		for _, l := range ofTopic {
			topic.Partitions = append(topic.Partitions,
				txnwire.ProducePartition{Partition: l.tp.Partition, Batch: l.head().sized[sizeBytes:]})
		}
		message.Topics = append(message.Topics, topic)
	}
	return message
}

// byTopic puts the lanes of each topic side by side.
func byTopic(lanes []*lane) (topics [][]*lane) {
	at := map[string]int{}
	for _, l := range lanes {
		i, known := at[l.tp.Topic]
		if !known {
			i = len(topics)
			at[l.tp.Topic] = i
			topics = append(topics, nil)
		}
		topics[i] = append(topics[i], l)
	}
	return topics
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
