package fetchwire

import (
	"github.com/segmentio/kafka-go/protocol"

	"cardstream/consumer/internal/readcommitted"
	"cardstream/internal/wire"
	"cardstream/record"
)

// Response is what a broker answered.
type Response struct {
	ErrorCode  int16 // of the whole; 0 for none
	Partitions []PartitionResponse
}

// PartitionResponse is what a broker answered about one partition. With an error, offsets are -1.
type PartitionResponse struct {
	record.TopicPartition
	ErrorCode        int16
	HighWatermark    int64
	LastStableOffset int64
	LogStart         int64
	// Aborted are the aborted transactions of which Batches may hold records.
	Aborted []readcommitted.AbortedTransaction
	// Batches are record batches, in a slice of their own. The last may be cut off; the first may begin before the offset
	// asked for.
	Batches []byte
}

// ApiKey says that this is a Fetch.
func (*Response) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Least sizes of the elements of arrays, in bytes.
const (
	leastTopicSize     = 2 + 4
	leastPartitionSize = 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4
	abortedSize        = 8 + 8
)

// Decode reads a response behind its header, and all of it.
func Decode(d *wire.Decoder) (*Response, error) {
	d.Int32() // throttle time: the broker itself holds the connection back (KIP-219)
	response := &Response{ErrorCode: d.Int16()}
	d.Int32() // session
	for range d.Count(leastTopicSize) {
		topic := d.String()
		for range d.Count(leastPartitionSize) {
			response.Partitions = append(response.Partitions, decodePartition(d, topic))
		}
	}
	if err := d.End(); err != nil {
		return nil, err
	}
	return response, nil
}

func decodePartition(d *wire.Decoder, topic string) PartitionResponse {
	p := PartitionResponse{TopicPartition: record.TopicPartition{Topic: topic, Partition: d.Int32()}}
	p.ErrorCode = d.Int16()
	p.HighWatermark = d.Int64()
	p.LastStableOffset = d.Int64()
	p.LogStart = d.Int64()
	for range d.Count(abortedSize) {
		p.Aborted = append(p.Aborted, readcommitted.AbortedTransaction{ProducerID: d.Int64(), FirstOffset: d.Int64()})
	}
	d.Int32() // the replica that the broker would rather be read from: without a rack there is none
	p.Batches = d.Bytes()
	return p
}
