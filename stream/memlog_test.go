package stream_test

import (
	"context"
	"time"

	"cardstream/consumer"
	"cardstream/record"
)

// memLog is one partition's log. The world's mutex guards it.
type memLog struct {
	start   int64
	entries []entry // from offset 0 on, also those that have been deleted
	held    bool    // the fetcher gets nothing new
	fetched int64   // while held: up to here it has got
	readers map[*reader]struct{}
}

// entry is one record; one that is passed over is aborted, or a marker.
type entry struct {
	key, value string
	passedOver bool
}

func (l *memLog) end() int64 { return int64(len(l.entries)) }

func (l *memLog) append(entries ...entry) {
	l.entries = append(l.entries, entries...)
	l.signal()
}

func (l *memLog) signal() {
	for r := range l.readers {
		r.signal()
	}
}

// hold keeps what comes from now on from being fetched, until release.
func (w *world) hold(l *memLog) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.held, l.fetched = true, l.end()
}

// release lets a held log be fetched up to an offset, or all of it where that is its end.
func (w *world) release(l *memLog, upTo int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.held, l.fetched = upTo < l.end(), upTo
	l.signal()
}

func (l *memLog) open(w *world, tp record.TopicPartition, offset int64) *reader {
	r := &reader{world: w, tp: tp, log: l, position: offset, told: offset, ready: make(chan struct{}, 1)}
	if l.readers == nil {
		l.readers = make(map[*reader]struct{})
	}
	l.readers[r] = struct{}{}
	r.signal()
	return r
}

// reader is a partition being read, as *consumer.Partition is.
type reader struct {
	*world
	tp             record.TopicPartition
	log            *memLog
	position, told int64
	ready          chan struct{}
}

func (r *reader) Ready() <-chan struct{} { return r.ready }

// readable is up to where the fetcher has got.
func (r *reader) readable() int64 {
	if r.log.held {
		return r.log.fetched
	}
	return r.log.end()
}

func (r *reader) signal() {
	if r.position >= r.log.start && r.position >= r.readable() {
		return
	}
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

func (r *reader) Take(maxRecords, _ int) (records []record.Record, next int64, err error) {
	err = r.call(context.Background(), "", func() error {
		if r.position < r.log.start || r.position > r.log.end() {
			return &consumer.OffsetOutOfRangeError{
				TopicPartition: r.tp, Offset: r.position, LogStart: r.log.start, HighWatermark: r.log.end(),
			}
		}
		for r.position < r.readable() && len(records) < maxRecords {
			if e := r.log.entries[r.position]; !e.passedOver {
				records = append(records, record.Record{
					Topic: r.tp.Topic, Partition: r.tp.Partition, Offset: r.position,
					Key: []byte(e.key), Value: []byte(e.value),
				})
			}
			r.position++
		}
		r.signal()
		return nil
	})
	return records, r.position, err
}

func (r *reader) Observed() consumer.Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Now()
	if r.observed != nil {
		at = r.observed()
	}
	return consumer.Observation{
		LogStart: r.log.start, HighWatermark: r.log.end(), LastStableOffset: r.log.end(), At: at,
	}
}

func (r *reader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, open := r.log.readers[r]; !open {
		r.t.Errorf("reader of %s is closed twice", r.tp)
	}
	delete(r.log.readers, r)
}
