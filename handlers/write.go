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
		value, err := s.Schemas.SmartcardCommand.Append(nil, o.Command)
		if err != nil {
			return fmt.Errorf("encode smartcard command of %s: %w", r.Number, err)
		}
		s.write(s.Topics.SmartcardCommands(), []byte(r.SmartcardKey), value)
	}
	for i := range o.Events {
		if err := s.event(o.Events[i], r.SmartcardKey); err != nil {
			return err
		}
	}
	return nil
}

// event adds an event, keyed by its card.
func (s *step) event(e provisioning.Event, key provisioning.SmartcardKey) error {
	value, err := s.Schemas.Event.Append(nil, &e)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	s.write(s.Topics.Events(), []byte(key), value)
	return nil
}

// write adds a record to this partition of a topic.
func (s *step) write(topic string, key, value []byte) {
	s.out = append(s.out, record.Record{Topic: topic, Partition: s.partition, Key: key, Value: value})
}

// put keeps a request as it is now, at this place.
func (s *step) put(r *provisioning.Request, place store.Place) error {
	value, err := s.Schemas.State.Append(nil, r)
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

// changes are the requests that a step has changed, in the order of their first change, with what is to stand in the
// changelog: a request that changes twice is written once.
type changes struct {
	numbers []provisioning.RequestNumber
	values  map[provisioning.RequestNumber][]byte // nil: a tombstone
}

func (c *changes) set(n provisioning.RequestNumber, value []byte) {
	if c.values == nil {
		c.values = make(map[provisioning.RequestNumber][]byte)
	}
	if _, known := c.values[n]; !known {
		c.numbers = append(c.numbers, n)
	}
	c.values[n] = value
}

// Flush implements stream.StatefulHandler.
func (d *Dispatch) Flush(out []record.Record) ([]record.Record, error) {
	for _, n := range d.changed.numbers {
		out = append(out, record.Record{
			Topic: d.Topics.State(), Partition: d.partition, Key: []byte(n.String()), Value: d.changed.values[n],
		})
	}
	d.changed.numbers = d.changed.numbers[:0]
	clear(d.changed.values)
	return out, nil
}
