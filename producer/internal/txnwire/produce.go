package txnwire

import (
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"

	"cardstream/internal/wire"
)

// Produce writes batches of a transaction of version 2: Produce version 12, by which a partition joins the transaction,
// and the first one begins it. It is acknowledged by all replicas in sync, and answered by kafka-go's response.
type Produce struct {
	ClientID        string
	TransactionalID string
	Timeout         time.Duration
	Topics          []ProduceTopic
}

// ProduceTopic is what goes to one topic.
type ProduceTopic struct {
	Name       string
	Partitions []ProducePartition
}

// ProducePartition is what goes to one partition: a record batch, as it shall stand in the log.
type ProducePartition struct {
	Partition int32
	Batch     []byte
}

var _ protocol.RawExchanger = (*Produce)(nil)

const (
	produceVersion = 12
	allInSync      = -1
)

// ApiKey implements protocol.Message.
func (*Produce) ApiKey() protocol.ApiKey { return protocol.Produce }

// Required implements protocol.RawExchanger.
func (*Produce) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *Produce) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	return wire.Ask(rw, "produce", wire.Call{
		API: int16(protocol.Produce), Version: produceVersion, ClientID: r.ClientID, Body: r.body(), Flexible: true,
	}, readProduced)
}

func (r *Produce) body() []byte {
	b := make([]byte, 0, r.size())
	b = wire.AppendCompactString(b, r.TransactionalID)
	b = wire.AppendInt16(b, allInSync)
	b = wire.AppendInt32(b, int32(r.Timeout.Milliseconds()))
	b = wire.AppendCompactCount(b, len(r.Topics))
	for _, topic := range r.Topics {
		b = wire.AppendCompactString(b, topic.Name)
		b = wire.AppendCompactCount(b, len(topic.Partitions))
		for _, p := range topic.Partitions {
			b = wire.AppendInt32(b, p.Partition)
			b = wire.AppendCompactBytes(b, p.Batch)
			b = wire.AppendNoTags(b)
		}
		b = wire.AppendNoTags(b)
	}
	return wire.AppendNoTags(b)
}

// size is a little more than the body takes.
func (r *Produce) size() int {
	const fixed, aTopic, aPartition = 32, 12, 12
	size := fixed + len(r.TransactionalID)
	for _, topic := range r.Topics {
		size += aTopic + len(topic.Name)
		for _, p := range topic.Partitions {
			size += aPartition + len(p.Batch)
		}
	}
	return size
}

func readProduced(d *wire.Decoder) *produce.Response {
	answer := &produce.Response{}
	const topicBytes, partitionBytes, errorBytes = 3, 32, 6
	for range d.CompactCount(topicBytes) {
		topic := produce.ResponseTopic{Topic: d.CompactString()}
		for range d.CompactCount(partitionBytes) {
			partition := produce.ResponsePartition{Partition: d.Int32(), ErrorCode: d.Int16(), BaseOffset: d.Int64(),
				LogAppendTime: d.Int64(), LogStartOffset: d.Int64()}
			for range d.CompactCount(errorBytes) {
				d.Int32()             // which record
				_ = d.CompactString() // what is wrong with it
				d.SkipTags()
			}
			partition.ErrorMessage = d.CompactString()
			d.SkipTags() // the present leader
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
		d.SkipTags()
	}
	answer.ThrottleTimeMs = d.Int32()
	d.SkipTags() // where the leaders listen
	return answer
}
