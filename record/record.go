// Package record is what passes from room to room: a Kafka record, as plain data, and the partition that a key belongs
// to. It does no I/O and knows no broker; whoever reads, judges, stores or writes records may import it.
package record

import "strconv"

// TopicPartition names one partition of one topic.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String returns "topic-partition", the form in which Kafka's own tools and logs name it.
func (tp TopicPartition) String() string {
	return tp.Topic + "-" + strconv.FormatInt(int64(tp.Partition), 10)
}

// Header is one header of a record. A nil Value is Kafka's null.
type Header struct {
	Key   string
	Value []byte
}

// Record is one Kafka record, read or to be written.
//
// Of a record that was read, every field is set, and the byte slices may share one buffer with other records of the
// same fetch: they are read-only, and whoever keeps one for long copies it. Of a record that is to be written, Offset
// and Timestamp are not read: the broker sets both (all topics carry log-append time).
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp int64 // milliseconds since the Unix epoch
	Key       []byte
	Value     []byte // nil is Kafka's null: a tombstone in a compacted topic
	Headers   []Header
}

// TopicPartition returns where the record stands, or is to stand.
func (r *Record) TopicPartition() TopicPartition {
	return TopicPartition{Topic: r.Topic, Partition: r.Partition}
}
