package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
)

// Dispatch reads one partition of provisioning.requests, keeps its requests, and moves them through their life cycle
// when an entry or the clock says so. It writes only to its own partition of provisioning.state, smartcard.commands and
// provisioning.events, so everything about one card has one writer and one order. It fulfils stream.StatefulHandler.
//
// Within a step all changes go to an overlay of the store. Flush writes each changed request to the changelog once, and
// Apply keeps the overlay when the step has been committed.
type Dispatch struct {
	DispatchConfig
	partition int32
	names     names
	store     *store.Partition
	restoring *store.Restore   // while the changelog is replayed
	overlay   *store.Overlay   // the step in hand; nil between steps
	moved     bool             // the step in hand has held a request back, or let it go again
	kept      store.Checkpoint // of the local state
	gate      gate
	held      atomic.Bool // as a scrape may read it, and as was last told
	changed   changes
	values    values
	cards     []provisioning.SmartcardKey // scratch
	tally     tally
	overdue   overdue
}

// DispatchConfig is what every Dispatch of a process shares.
type DispatchConfig struct {
	Topics      schemas.Topics
	Schemas     *schemas.Set
	Policy      provisioning.Policy
	Partitions  int32 // of provisioning.requests: they share the rate
	Digester    provisioning.Digester
	DeadLetters DeadLetters
	Metrics     *Metrics
	Identity    Identity
	Control     Control          // nil: never paused, no rate
	Log         *slog.Logger     // nil: nobody listens
	Clock       func() time.Time // of this process: for gauges alone, as what is decided gets its time as an argument
}

// NewDispatch makes the handler of one partition of provisioning.requests, over the leased partition of the store.
func NewDispatch(c DispatchConfig, partition int32, p *store.Partition) *Dispatch {
	if c.Control == nil {
		c.Control = free{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatch{DispatchConfig: c, partition: partition, names: namesOf(c.Topics), store: p}
	d.gate = gate{partitions: c.Partitions, hold: hold{policy: c.Policy}}
	d.overdue.next.Store(noWake)
	c.Metrics.requests.add(d)
	return d
}

// Close implements stream.Handler.
func (d *Dispatch) Close() {
	d.Metrics.requests.remove(d)
	if d.restoring != nil {
		d.restoring.Abandon()
		d.restoring = nil
	}
	if d.overlay != nil {
		d.overlay.Discard()
		d.overlay = nil
	}
}

// Committed implements stream.Handler.
func (d *Dispatch) Committed(now time.Time) {
	d.Metrics.count(&d.tally, now)
	d.tellOfHold()
}

// tellOfHold says when a hold begins and when it ends.
func (d *Dispatch) tellOfHold() {
	holds := d.gate.hold.holds()
	if d.held.Swap(holds) == holds {
		return
	}
	log := d.Log.With("partition", d.partition)
	if holds {
		log.Warn("the headend does not answer: nothing is sent but a probe now and then",
			"timeouts_in_a_row", d.gate.hold.silence, "probe_every", d.Policy.ProbeEvery)
		return
	}
	counts := d.store.Counts()
	log.Info("the headend answers again: what was held back goes on", "held_back", counts.Held())
}

// Foresee implements stream.Foreseer: what new commands are about is looked up in the store at once. Their entries have
// the card as key, all others a request's number.
func (d *Dispatch) Foresee(records []record.Record) error {
	if err := d.open(); err != nil {
		return err
	}
	d.cards = d.cards[:0]
	for i := range records {
		if key := records[i].Key; bytes.IndexByte(key, ':') >= 0 { // which no number has
			d.cards = append(d.cards, provisioning.SmartcardKey(key))
		}
	}
	return d.overlay.Foresee(d.cards)
}

// Handle implements stream.Handler: it applies one entry. An entry that cannot be read goes to the dead letters; only
// intake writes here, so that is somebody's mistake, and the stream goes on.
func (d *Dispatch) Handle(ctx context.Context, rec *record.Record, now time.Time, out []record.Record,
) ([]record.Record, error) {
	entry, err := d.Schemas.Entry.Decode(ctx, rec.Value)
	if bad, ok := errors.AsType[*schemas.Error](err); ok {
		return d.bury(rec, bad.Code, bad.Message, out), nil
	}
	if err != nil {
		return out, fmt.Errorf("decode entry: %w", err)
	}
	s, err := d.begin(now, out)
	if err != nil {
		return out, err
	}
	number := provisioning.RequestNumber{Partition: rec.Partition, Offset: rec.Offset}
	switch {
	case entry.Create != nil:
		err = s.create(entry.Create, number)
	case entry.Cancel != nil:
		err = s.cancel(entry.Cancel, number)
	case entry.Result != nil:
		err = s.result(entry.Result)
	}
	if errors.Is(err, errMisplaced) {
		return d.bury(rec, codeKindUnknown, err.Error(), out), nil
	}
	return s.out, err
}

// Wake implements stream.StatefulHandler.
func (d *Dispatch) Wake(_ context.Context, due, now time.Time, limit int, out []record.Record,
) ([]record.Record, bool, error) {
	s, err := d.begin(now, out)
	if err != nil {
		return out, false, err
	}
	s.due = min(s.due, provisioning.TimestampOf(due))
	more, err := s.wake(limit)
	return s.out, more, errors.Join(err, d.overdue.look(d.overlay, d.Clock()))
}

// NextWake implements stream.StatefulHandler.
func (d *Dispatch) NextWake() (time.Time, bool, error) {
	if err := d.open(); err != nil {
		return time.Time{}, false, err
	}
	defer d.overlay.Rest() // until then may be long
	d.gate.look(d.Control.Current())
	at, found, err := d.overlay.NextWake()
	if ready, may := d.gate.next(d.overlay.Counts(), provisioning.TimestampOf(d.Clock())); may && (!found || ready < at) {
		at, found = ready, true
	}
	return at.Time(), found, errors.Join(err, d.overdue.look(d.overlay, d.Clock()))
}

// Nudge implements stream.Nudged: what operators say about the run has changed.
func (d *Dispatch) Nudge() <-chan struct{} { return d.Control.Changed() }

// open begins a step's overlay, if there is none yet.
func (d *Dispatch) open() (err error) {
	if d.overlay == nil {
		d.overlay, err = d.store.Begin()
	}
	return err
}

// begin makes ready for handling something at one moment. What is due is decided by the clock as it is; what happens is
// never dated before what has happened to a request of this partition, though the clock that dated that was ahead.
func (d *Dispatch) begin(now time.Time, out []record.Record) (*step, error) {
	if err := d.open(); err != nil {
		return nil, err
	}
	d.gate.look(d.Control.Current())
	clock := provisioning.TimestampOf(now)
	dated := max(clock, d.overlay.Counts().MaxUpdatedAt)
	return &step{Dispatch: d, now: dated, due: clock, clock: clock, out: out}, nil
}

// bury adds a dead letter.
func (d *Dispatch) bury(rec *record.Record, code, message string, out []record.Record) []record.Record {
	d.tally.deadLetter(rec.Topic, code)
	return append(out, d.DeadLetters.letter(rec, code, message))
}
