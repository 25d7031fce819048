package consumer

import (
	"context"
	"errors"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"time"

	"cardstream/consumer/internal/fetchwire"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// shortWait is how long the broker may hold the second of two concurrent fetches. So long a first fetch waits at most
// before its partitions and those of the second come together again.
const shortWait = 10 * time.Millisecond

// leader fetches all partitions that one broker leads. Usually one fetch is under way, which the broker holds until one
// of its partitions has something. A partition that comes to be wanted meanwhile (just added, or its buffer has room
// again) must not wait for that to end: it goes into a second, short fetch on another connection, and again, until the
// first has returned; then all go together.
type leader struct {
	fetcher *Fetcher
	broker  cluster.BrokerID
	wake    chan struct{} // holds a token when there may be something new to ask for

	mu         sync.Mutex
	partitions []*Partition            // in the order in which they are served
	asked      map[*Partition]struct{} // those that a fetch under way is about
}

func newLeader(f *Fetcher, broker cluster.BrokerID) *leader {
	return &leader{fetcher: f, broker: broker, wake: make(chan struct{}, 1), asked: map[*Partition]struct{}{}}
}

func (l *leader) awaken() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *leader) attach(p *Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partitions = append(l.partitions, p)
	p.leader.Store(l)
	l.awaken()
}

// run sends fetches until ctx ends, and waits for those under way.
func (l *leader) run(ctx context.Context) {
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("cardstream", "fetch", "broker", l.brokerName())))
	var long, short bool // which fetches are under way
	longDone, shortDone := make(chan struct{}), make(chan struct{})
	for {
		switch {
		case !long && !short:
			long = l.start(ctx, l.fetcher.config.MaxWait, longDone)
		case long && !short:
			short = l.start(ctx, min(shortWait, l.fetcher.config.MaxWait), shortDone)
		}
		if ctx.Err() != nil && !long && !short {
			return
		}
		ended := ctx.Done()
		if ctx.Err() != nil {
			ended = nil // what is left is to wait for the fetches, which ctx has cut off
		}
		select {
		case <-l.wake:
		case <-longDone:
			long = false
		case <-shortDone:
			short = false
		case <-ended:
		}
	}
}

// start sends a fetch for all partitions that want one and have none under way, and says so on done when it has been
// dealt with. It returns false if there are none.
func (l *leader) start(ctx context.Context, wait time.Duration, done chan<- struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	claimed, request := l.claim(wait)
	if len(claimed) == 0 {
		return false
	}
	l.fetcher.work.Go(func() {
		l.fetch(ctx, claimed, request)
		done <- struct{}{}
	})
	return true
}

// claim gathers the partitions of the next fetch.
func (l *leader) claim(wait time.Duration) ([]*Partition, *fetchwire.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	config := &l.fetcher.config
	request := &fetchwire.Request{ClientID: config.ClientID, MaxWait: wait, MinBytes: 1, MaxBytes: config.MaxBytes}
	var claimed []*Partition
	l.partitions = slices.DeleteFunc(l.partitions, func(p *Partition) bool {
		if _, underWay := l.asked[p]; underWay {
			return false
		}
		offset, wanted, over := p.wanted()
		if wanted {
			claimed = append(claimed, p)
			l.asked[p] = struct{}{}
			request.Partitions = append(request.Partitions,
				fetchwire.Partition{TopicPartition: p.tp, Offset: offset, MaxBytes: config.MaxPartitionBytes})
		}
		return over
	})
	return claimed, request
}

// fetch sends a request and gives each partition its part of the answer. Partitions that the broker cannot be asked for
// leave, to look for their leader.
func (l *leader) fetch(ctx context.Context, claimed []*Partition, request *fetchwire.Request) {
	asked := l.fetcher.config.Clock() // how long its answer was under way nobody can tell
	response, err := l.ask(ctx, request)
	if ctx.Err() != nil {
		return
	}
	answers := map[record.TopicPartition]*fetchwire.PartitionResponse{}
	if err == nil {
		for i := range response.Partitions {
			answers[response.Partitions[i].TopicPartition] = &response.Partitions[i]
		}
	}
	var served []*Partition
	lost := map[*Partition]error{}
	for i, p := range claimed {
		answer := answers[p.tp]
		if cause := causeIn(answer, err); cause != nil {
			lost[p] = cause
			continue
		}
		p.trouble.over()
		if p.absorb(answer, request.Partitions[i].Offset, i == 0, asked) {
			served = append(served, p)
		}
	}
	l.release(claimed, served, lost)
	for p, cause := range lost {
		l.fetcher.client.ForgetLeader(p.tp, l.broker)
		l.fetcher.lost(p, cause)
	}
}

// causeIn returns why a partition got nothing: err is about the whole request.
func causeIn(answer *fetchwire.PartitionResponse, err error) error {
	switch {
	case err != nil:
		return err
	case answer == nil:
		return errNotAnswered
	}
	return cluster.ErrorOf(answer.ErrorCode)
}

// errNotAnswered is a fetch whose answer leaves out a partition.
var errNotAnswered = errors.New("the broker's answer leaves the partition out")

func (l *leader) ask(ctx context.Context, request *fetchwire.Request) (*fetchwire.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, request.MaxWait+l.fetcher.client.RequestTimeout())
	defer cancel()
	answer, err := l.fetcher.client.RoundTrip(ctx, l.broker, request)
	if err != nil {
		return nil, err
	}
	response := answer.(*fetchwire.Response)
	return response, cluster.ErrorOf(response.ErrorCode)
}

// release makes partitions free for the next fetch, those that were served behind the others: a broker fills its answer
// in the order of the request, and the last may get nothing. Those that were lost leave.
func (l *leader) release(claimed, served []*Partition, lost map[*Partition]error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range claimed {
		delete(l.asked, p)
	}
	l.partitions = slices.DeleteFunc(l.partitions, func(p *Partition) bool {
		_, isLost := lost[p]
		return isLost || slices.Contains(served, p)
	})
	l.partitions = append(l.partitions, served...)
}

func (l *leader) brokerName() string { return strconv.FormatInt(int64(l.broker), 10) }
