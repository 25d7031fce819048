package consumer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"cardstream/consumer/internal/fetchwire"
	"cardstream/consumer/internal/readcommitted"
	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// Observation is what the leader last said of a partition. Before the first answer it is all zero.
type Observation struct {
	LogStart         int64     // the first offset that the partition still has
	HighWatermark    int64     // behind the last record that all replicas in sync have
	LastStableOffset int64     // below it every transaction is settled: committed records can be read up to here
	At               time.Time // when it was asked for, by FetcherConfig.Clock: an answer may have been long under way
}

// Partition is one partition being read. Take and Close may be called by any goroutine, though records of two concurrent
// Takes have no order between them: one owner is meant.
type Partition struct {
	tp      record.TopicPartition
	fetcher *Fetcher
	ready   chan struct{} // holds a token while there is something to take
	life    context.Context
	end     context.CancelFunc
	trouble *trouble               // used by whoever works for the partition: a fetch, or the search for its leader
	leader  atomic.Pointer[leader] // to be woken when the buffer has room again

	mu       sync.Mutex
	buffer   buffer
	told     int64 // the position that Take returned last
	fetchAt  int64 // behind all that was fetched
	err      error // what Take returns when the buffer is empty; nothing is fetched any more
	observed Observation
}

func newPartition(f *Fetcher, tp record.TopicPartition, offset int64) *Partition {
	p := &Partition{
		tp: tp, fetcher: f, ready: make(chan struct{}, 1),
		buffer: buffer{tp: tp, position: offset}, told: offset, fetchAt: offset,
	}
	p.life, p.end = context.WithCancel(context.Background())
	p.trouble = newTrouble(p)
	return p
}

// TopicPartition returns which partition it is.
func (p *Partition) TopicPartition() record.TopicPartition { return p.tp }

// Ready returns a channel that can be received from once when there is something to take: records, a moved position, or
// an error. It is filled again while more is left after a Take. Now and then it is filled though a Take has just taken
// everything.
func (p *Partition) Ready() <-chan struct{} { return p.ready }

// Take returns the next committed records, at most maxRecords and maxBytes (of keys, values and headers), but one at
// least if there is any. It never blocks on the network. next is the offset to read from next: behind the last record
// returned, and behind whatever else was passed over; it may move without records. The bytes of records are shared with
// others of the same partition and fetch: they are for reading only, and keep the fetch in memory.
//
// An error comes when all records in front of it have been taken, and stays; nothing more is fetched then. It is an
// *OffsetOutOfRangeError, a *CorruptError, ErrOpenAlready, ErrPartitionClosed, or wraps what the cluster said and will go on saying: that
// the topic is missing, or that it may not be read.
func (p *Partition) Take(maxRecords, maxBytes int) (records []record.Record, next int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wasFull := p.full()
	records, err = p.buffer.take(maxRecords, maxBytes)
	if err != nil {
		p.err = err
	}
	if wasFull && !p.full() {
		if l := p.leader.Load(); l != nil {
			l.awaken()
		}
	}
	p.told = p.buffer.position
	if len(records) == 0 && p.buffer.empty() {
		return nil, p.told, p.err
	}
	p.signal()
	return records, p.told, nil
}

// Observed returns what the leader said last. It is older than Fetcher's MaxWait by more than a moment only while the
// partition cannot be fetched, or is left out because its buffer is full.
func (p *Partition) Observed() Observation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.observed
}

// Close gives up the partition and what it has buffered. It returns at once, also while a fetch is in flight, and may be
// called more than once; records that were taken stay valid.
func (p *Partition) Close() {
	p.end()
	p.fetcher.remove(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buffer = buffer{tp: p.tp, position: p.buffer.position}
	if p.err == nil {
		p.err = ErrPartitionClosed
	}
}

// wanted says whether the partition takes part in the next fetch, and from where; and whether it ever will again.
func (p *Partition) wanted() (offset int64, wanted, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetchAt, p.err == nil && !p.full(), p.err != nil
}

func (p *Partition) full() bool { return p.buffer.bytes >= p.fetcher.config.BufferBytes }

// absorb takes over what a fetch from offset returned, without an error code, and returns whether it led further. first
// says that the partition was the first of its fetch, asked when that was sent.
func (p *Partition) absorb(answer *fetchwire.PartitionResponse, offset int64, first bool, asked time.Time) (progress bool) {
	result, err := readcommitted.Filter(answer.Batches, answer.Aborted, offset)
	if err == nil && first && result.Next == offset && len(answer.Batches) > 0 {
		err = recordbatch.ErrPartial // a broker gives the first one a whole batch whatever its size (KIP-74)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return false // closed, or failed, in the meantime
	}
	p.observed = Observation{
		LogStart: answer.LogStart, HighWatermark: answer.HighWatermark,
		LastStableOffset: answer.LastStableOffset, At: asked,
	}
	p.buffer.add(result.Batches, len(answer.Batches), result.Next)
	p.fetchAt = result.Next
	if err != nil {
		p.err = &CorruptError{TopicPartition: p.tp, Offset: result.Next, Err: err}
	}
	p.signal()
	return result.Next > offset
}

// fail ends the reading with an error.
func (p *Partition) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.signal()
}

// signal fills Ready if there is something to take. The caller holds mu.
func (p *Partition) signal() {
	if p.buffer.empty() && p.buffer.position == p.told && p.err == nil {
		return
	}
	select {
	case p.ready <- struct{}{}:
	default:
	}
}
