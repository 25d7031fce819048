package txnwire

import (
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
	"cardstream/internal/wire"
	"cardstream/record"
)

// DescribeProducers asks the leader of partitions which producers have written to them lately, and whose transaction is
// open there (KIP-664, version 0: Kafka 2.8 and newer; it takes the right to read the topic). It is answered by a
// *ProducersDescription.
type DescribeProducers struct {
	ClientID string
	Topics   []PartitionsOf
}

// PartitionsOf is some of a topic's partitions.
type PartitionsOf struct {
	Topic      string
	Partitions []int32
}

// describeProducers is the request's key.
const describeProducers protocol.ApiKey = 61

// ProducersDescription is what a leader knows of the producers of its partitions.
type ProducersDescription struct{ Partitions []PartitionProducers }

// PartitionProducers is what it knows of those of one partition.
type PartitionProducers struct {
	record.TopicPartition
	ErrorCode cluster.Error
	Open      []int64 // the ids of those whose transaction is open
}

var (
	_ protocol.Message      = (*DescribeProducers)(nil)
	_ protocol.RawExchanger = (*DescribeProducers)(nil)
	_ protocol.Message      = (*ProducersDescription)(nil)
)

// ApiKey says that this is a DescribeProducers.
func (*DescribeProducers) ApiKey() protocol.ApiKey { return describeProducers }

// ApiKey says that this answers a DescribeProducers.
func (*ProducersDescription) ApiKey() protocol.ApiKey { return describeProducers }

// Required implements protocol.RawExchanger.
func (*DescribeProducers) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *DescribeProducers) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	body := wire.AppendCompactCount(nil, len(r.Topics))
	for _, topic := range r.Topics {
		body = wire.AppendCompactString(body, topic.Topic)
		body = wire.AppendCompactCount(body, len(topic.Partitions))
		for _, p := range topic.Partitions {
			body = wire.AppendInt32(body, p)
		}
		body = wire.AppendNoTags(body)
	}
	body = wire.AppendNoTags(body)
	return wire.Ask(rw, "describe producers", wire.Call{
		API: int16(describeProducers), Version: 0, ClientID: r.ClientID, Body: body, Flexible: true,
	}, readProducers)
}

func readProducers(d *wire.Decoder) *ProducersDescription {
	d.Int32() // throttle time
	const topicBytes, partitionBytes = 3, 9
	answer := &ProducersDescription{}
	for range d.CompactCount(topicBytes) {
		topic := d.CompactString()
		for range d.CompactCount(partitionBytes) {
			answer.Partitions = append(answer.Partitions, readPartitionProducers(d, topic))
		}
		d.SkipTags()
	}
	d.SkipTags()
	return answer
}

func readPartitionProducers(d *wire.Decoder, topic string) PartitionProducers {
	p := PartitionProducers{TopicPartition: record.TopicPartition{Topic: topic, Partition: d.Int32()}}
	p.ErrorCode = cluster.Error(d.Int16())
	_ = d.CompactString() // the error in words
	const producerBytes = 37
	for range d.CompactCount(producerBytes) {
		id := d.Int64()
		d.Int32() // epoch
		d.Int32() // last sequence
		d.Int64() // last timestamp
		d.Int32() // coordinator's epoch
		if start := d.Int64(); start >= 0 {
			p.Open = append(p.Open, id)
		}
		d.SkipTags()
	}
	d.SkipTags()
	return p
}
