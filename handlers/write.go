package handlers

import (
	"fmt"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/store"
)

// publish adds what a step in a request's life leads to outside.
func (s *step) publish(o provisioning.Outcome, r *provisioning.Request) error {
	if o.Command != nil {
		value, err := encode(&s.values, s.Schemas.SmartcardCommand, o.Command)
		if err != nil {
			return fmt.Errorf("encode smartcard command of %s: %w", r.Number, err)
		}
		s.write(s.names.smartcards, []byte(r.SmartcardKey), value)
	}
	for i := range o.Events {
		if err := s.event(&o.Events[i], r.SmartcardKey); err != nil {
			return err
		}
	}
	return nil
}

// event adds an event, keyed by its card.
func (s *step) event(e *provisioning.Event, key provisioning.SmartcardKey) error {
	value, err := encode(&s.values, s.Schemas.Event, e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	s.write(s.names.events, []byte(key), value)
	return nil
}

// write adds a record to this partition of a topic.
func (s *step) write(topic string, key, value []byte) {
	s.out = append(s.out, record.Record{Topic: topic, Partition: s.partition, Key: key, Value: value})
}

// put keeps a request as it is now, at this place.
func (s *step) put(r *provisioning.Request, place store.Place) error {
	r.Silence = s.gate.hold.silence
	value, err := encode(&s.values, s.Schemas.State, r)
	if err != nil {
		return fmt.Errorf("encode request %s: %w", r.Number, err)
	}
	s.changed.set(r.Number, value)
	return s.overlay.Put(r, value, place)
}

// forget drops an ended request; its tombstone tells the changelog.
func (s *step) forget(r *provisioning.Request) error {
	s.changed.set(r.Number, nil)
	return s.overlay.Delete(r.Number.Offset)
}

// changes are the requests that a step has changed, in the order of their last change, with what is to stand in the
// changelog: a request that changes twice is written once. The order matters to what the last record says of them all
// (provisioning.Request.Silence).
type changes struct {
	numbers []provisioning.RequestNumber // one that changes again stands there again
	latest  map[provisioning.RequestNumber]change
}

type change struct {
	value []byte // nil: a tombstone
	last  int    // where in numbers
}

func (c *changes) set(n provisioning.RequestNumber, value []byte) {
	if c.latest == nil {
		c.latest = make(map[provisioning.RequestNumber]change)
	}
	c.latest[n] = change{value, len(c.numbers)}
	c.numbers = append(c.numbers, n)
}

// Flush implements stream.StatefulHandler.
func (d *Dispatch) Flush(out []record.Record) ([]record.Record, error) {
	for i, n := range d.changed.numbers {
		if c := d.changed.latest[n]; c.last == i {
			out = append(out, record.Record{
				Topic: d.names.state, Partition: d.partition, Key: []byte(n.String()), Value: c.value,
			})
		}
	}
	d.changed.numbers = d.changed.numbers[:0]
	clear(d.changed.latest)
	if d.overlay != nil {
		d.overlay.Rest() // the commit takes its time
	}
	if len(out) > 0 || !d.moved {
		return out, nil
	}
	// Nothing is to be written, but requests were held back: that is local, and is kept at once. Else it would pile up in
	// memory until there is something to commit.
	return out, d.keep(d.kept)
}
