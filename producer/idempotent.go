package producer

import (
	"context"
	"errors"
	"fmt"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// Idempotent writes records outside of transactions, each exactly once as long as its answer arrives. Any number of
// goroutines may use it; their calls follow each other.
type Idempotent struct {
	client *cluster.Client
	config IdempotentConfig

	turn     chan struct{} // holds a token while a call is under way; a mutex that a context can leave
	sender   sender
	planner  planner
	identity *identity // nil before the first call, and after a failure: a gap in the sequences would stop the next one
}

// NewIdempotent returns a producer. It does no I/O, and there is nothing to close.
func NewIdempotent(client *cluster.Client, config IdempotentConfig) *Idempotent {
	return &Idempotent{
		client: client, config: config.withDefaults(), turn: make(chan struct{}, 1), sender: sender{client: client}}
}

// Fate is what became of a record.
type Fate int8

const (
	NotWritten Fate = iota // surely
	Written
	Unknown // it may be in the log, now or a little later
)

// String returns the fate in words.
func (f Fate) String() string {
	return [...]string{NotWritten: "not written", Written: "written", Unknown: "unknown"}[f]
}

// Delivery is what became of one record.
type Delivery struct {
	Fate       Fate
	Offset     int64 // of a written one; or UnknownOffset
	AppendTime int64 // of a written one: ms since the Unix epoch by the broker's clock, zero where it did not say
}

// Produce writes the records to the partitions they name, those of one partition in their order, acknowledged by all
// replicas in sync. It retries until ctx ends, and returns one delivery per record also with an error. The error is nil
// exactly where all are Written; a *TooLargeError means that nothing was sent.
func (p *Idempotent) Produce(ctx context.Context, records []record.Record) ([]Delivery, error) {
	deliveries := make([]Delivery, len(records))
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return deliveries, context.Cause(ctx)
	}
	lanes, err := p.planner.plan(records, limits{general: p.config.MaxBatchBytes})
	if err != nil {
		return deliveries, err
	}
	defer p.planner.release()
	err = p.deliver(ctx, lanes)
	for _, l := range lanes {
		l.report(deliveries)
	}
	if err != nil {
		return deliveries, fmt.Errorf("produce: %w", err)
	}
	return deliveries, nil
}

// deliver starts over as a new producer where the brokers no longer know this one (its id expires when a partition's
// last record of it is deleted), unless something may have been written already: then it would be there twice.
func (p *Idempotent) deliver(ctx context.Context, lanes []*lane) error {
	between := newPatience()
	for {
		err := p.write(ctx, lanes)
		var code cluster.Error
		if !errors.As(err, &code) || code.Kind() != cluster.RestartTask || undecided(lanes) {
			return err
		}
		if ended := between.wait(ctx, err); ended != nil {
			return fmt.Errorf("%w, after: %w", ended, err)
		}
	}
}

// write sends what is not written yet, as a new producer where there is none. The identity outlives a success alone.
func (p *Idempotent) write(ctx context.Context, lanes []*lane) error {
	by := p.identity
	if p.identity = nil; by == nil {
		given, err := newIdentity(ctx, p.client)
		if err != nil {
			return err
		}
		by = &given
	}
	if err := p.planner.encode(lanes, by, p.config.Codec, false); err != nil {
		return err
	}
	if err := p.sender.send(ctx, lanes); err != nil {
		return err
	}
	p.identity = by
	return nil
}

// undecided reports whether a batch that no answer confirmed may be in the log.
func undecided(lanes []*lane) bool {
	for _, l := range lanes {
		if !l.done() && l.head().doubt {
			return true
		}
	}
	return false
}

// report writes down the fate of the lane's records, at the places where the caller had them.
func (l *lane) report(deliveries []Delivery) {
	for i := range l.batches {
		b := &l.batches[i]
		for j, index := range b.indexes {
			switch {
			case i < l.next && b.baseOffset == UnknownOffset:
				deliveries[index] = Delivery{Fate: Written, Offset: UnknownOffset}
			case i < l.next:
				deliveries[index] = Delivery{Fate: Written, Offset: b.baseOffset + int64(j), AppendTime: b.appendTime}
			case b.doubt:
				deliveries[index] = Delivery{Fate: Unknown, Offset: UnknownOffset}
			default:
				deliveries[index] = Delivery{Fate: NotWritten, Offset: UnknownOffset}
			}
		}
	}
}
