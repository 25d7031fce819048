package producer

import (
	"encoding/binary"
	"fmt"
	"time"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// lane is the way of a call's records into one partition: batches in order, one on its way at a time. Two at once could
// arrive in the wrong order when the first of them is sent again.
type lane struct {
	tp      record.TopicPartition
	batches []batch
	next    int // the first that is not known to be written
}

func (l *lane) begun() bool  { return l.next > 0 }
func (l *lane) done() bool   { return l.next == len(l.batches) }
func (l *lane) head() *batch { return &l.batches[l.next] }

// batch is what one produce request carries for one partition.
type batch struct {
	records []record.Record
	indexes []int  // where each of them stood in the caller's slice
	sized   []byte // as it goes into a request: behind its size, in sizeBytes

	baseOffset int64 // once written; or UnknownOffset
	appendTime int64 // by the broker's clock, ms since the Unix epoch; zero where it did not say
	err        error // of the last attempt; nil once written
	doubt      bool  // an attempt may have written it though no answer said so
}

func (b *batch) failed(err error) {
	b.err = err
	b.doubt = b.doubt || !surelyNotWritten(err)
}

func (b *batch) lastOffset() int64 {
	if b.baseOffset == UnknownOffset {
		return UnknownOffset
	}
	return b.baseOffset + int64(len(b.records)) - 1
}

// planner makes lanes of records. Its memory is used again: a plan is good until the next one.
type planner struct {
	records []record.Record // the caller's, by partition
	indexes []int
	buffer  []byte
}

// keptBytes is the largest buffer that is kept for the next plan.
const keptBytes = 2 << 20

// limits are how large a batch may be, before compression.
type limits struct {
	general int
	byTopic map[string]int // of topics that take another size
}

func (l limits) of(topic string) int {
	if limit, own := l.byTopic[topic]; own {
		return limit
	}
	return l.general
}

// plan groups records by partition, keeping their order, and cuts each group into batches within their topic's limit.
func (p *planner) plan(records []record.Record, limits limits) ([]*lane, error) {
	if err := checkSizes(records, limits); err != nil {
		return nil, err
	}
	p.group(records)
	var lanes []*lane
	for start := 0; start < len(p.records); {
		tp := p.records[start].TopicPartition()
		end := start
		for end < len(p.records) && p.records[end].TopicPartition() == tp {
			end++
		}
		lanes = append(lanes, &lane{tp: tp, batches: cut(p.records[start:end], p.indexes[start:end], limits.of(tp.Topic))})
		start = end
	}
	return lanes, nil
}

func checkSizes(records []record.Record, limits limits) error {
	for i := range records {
		limit := limits.of(records[i].Topic)
		if size := recordbatch.Overhead + recordbatch.RecordSize(&records[i]); size > limit {
			return &TooLargeError{Index: i, Bytes: size, Limit: limit}
		}
	}
	return nil
}

// group puts the records of each partition side by side, partitions in the order in which they first occur.
func (p *planner) group(records []record.Record) {
	groups := map[record.TopicPartition]int{}
	var starts []int // first the size of each group, then where its next record goes
	for i := range records {
		tp := records[i].TopicPartition()
		group, known := groups[tp]
		if !known {
			group = len(starts)
			groups[tp] = group
			starts = append(starts, 0)
		}
		starts[group]++
	}
	sum := 0
	for group, size := range starts {
		starts[group] = sum
		sum += size
	}
	p.records = resize(p.records, len(records))
	p.indexes = resize(p.indexes, len(records))
	for i := range records {
		group := groups[records[i].TopicPartition()]
		at := starts[group]
		starts[group]++
		p.records[at], p.indexes[at] = records[i], i
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func cut(records []record.Record, indexes []int, limit int) (batches []batch) {
	start, size := 0, recordbatch.Overhead
	for i := range records {
		add := recordbatch.RecordSize(&records[i])
		if size+add > limit {
			batches = append(batches, batch{records: records[start:i], indexes: indexes[start:i]})
			start, size = i, recordbatch.Overhead
		}
		size += add
	}
	return append(batches, batch{records: records[start:], indexes: indexes[start:]})
}

// encode numbers and encodes every batch that is not written yet. The order of sequences is that of the lane.
func (p *planner) encode(lanes []*lane, by *identity, codec recordbatch.Codec, transactional bool) error {
	header := recordbatch.Header{
		ProducerID: by.id, ProducerEpoch: by.epoch, Transactional: transactional, Codec: codec,
		Timestamp: time.Now().UnixMilli(), // replaced by the broker: all topics carry log-append time
	}
	buffer := p.buffer[:0]
	for _, l := range lanes {
		for i := l.next; i < len(l.batches); i++ {
			b := &l.batches[i]
			header.BaseSequence = by.take(l.tp, len(b.records))
			start := len(buffer)
			var err error
			if buffer, err = appendSized(buffer, header, b.records); err != nil {
				return fmt.Errorf("encode a batch for %s: %w", l.tp, err)
			}
			// Where the buffer grows later, this batch stays behind in the old one, and is whole there.
			b.sized, b.err, b.doubt = buffer[start:len(buffer):len(buffer)], nil, false
		}
	}
	p.buffer = buffer
	return nil
}

// sizeBytes is what a batch's size takes before it.
const sizeBytes = 4

// appendSized appends a batch behind its size: kafka-go writes a raw record set into the request as it stands, and the
// protocol wants the size first.
func appendSized(dst []byte, header recordbatch.Header, records []record.Record) ([]byte, error) {
	start := len(dst)
	dst, err := recordbatch.Append(append(dst, make([]byte, sizeBytes)...), header, records)
	if err != nil {
		return dst[:start], err
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-sizeBytes))
	return dst, nil
}

// release lets go of the caller's records, which the next plan may be long in coming for.
func (p *planner) release() {
	clear(p.records)
	if cap(p.buffer) > keptBytes {
		p.buffer = nil
	}
}
