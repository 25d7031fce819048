package store

import (
	"fmt"

	"cardstream/provisioning"
)

// Put inserts a request or replaces it: value is what Decode turns into req, place where it stands from now on. Of two
// requests of one command the later put one is the command's; of one request its command, card and partition never
// change. Neither req nor value is kept.
func (o *Overlay) Put(req *provisioning.Request, value []byte, place Place) error {
	if err := o.use(); err != nil {
		return err
	}
	defer o.p.mu.Unlock()
	return o.p.store.seen(o.put(req, value, place))
}

func (o *Overlay) put(req *provisioning.Request, value []byte, place Place) error {
	if err := check(req, o.p.partition, place); err != nil {
		return err
	}
	number, next := req.Number.Offset, standingOf(req, place, len(value))
	old, err := o.standing(number)
	if err != nil {
		return err
	}
	if !old.exists {
		err = o.write.insert(number, next, value)
	} else {
		if err := old.sameCommand(next, req.Number); err != nil {
			return err
		}
		err = o.write.replace(number, old.standing, next, value)
	}
	if err != nil {
		return fmt.Errorf("store: put request %s: %w", req.Number, err)
	}
	o.meta.maxNumber = max(o.meta.maxNumber, number)
	o.meta.counts.MaxUpdatedAt = max(o.meta.counts.MaxUpdatedAt, req.UpdatedAt)
	o.changed(number, old, known{standing: next, exists: true})
	return nil
}

// sameCommand says that a request has become another one's: a mistake of the caller, or another topic's record.
func (s *standing) sameCommand(next standing, number provisioning.RequestNumber) error {
	if s.card != next.card || s.source != next.source || s.commandID != next.commandID {
		return fmt.Errorf("store: request %s put again with another card or command", number)
	}
	return nil
}

// changed keeps counts, bounds and lines in step with the rows.
func (o *Overlay) changed(number int64, old, next known) {
	if old.exists {
		delete(o.glances, old.card)
		o.meta.counts.add(old.standing, -1)
		o.p.lines.removed(number, old.standing)
		o.bounds.removed(position{old.place, number})
	}
	if next.exists {
		delete(o.glances, next.card)
		o.meta.counts.add(next.standing, 1)
		o.p.lines.added(number, next.standing)
		o.bounds.added(position{next.place, number})
	}
	o.known[number] = next
}

// Move changes where a request stands, and nothing else of it. There must be one.
func (o *Overlay) Move(number int64, place Place) error {
	if err := o.use(); err != nil {
		return err
	}
	defer o.p.mu.Unlock()
	return o.p.store.seen(o.move(number, place))
}

func (o *Overlay) move(number int64, place Place) error {
	if !place.Kind.valid() {
		return fmt.Errorf("store: request %d-%d moved to no place", o.p.partition, number)
	}
	old, err := o.standing(number)
	if err != nil {
		return err
	}
	if !old.exists {
		return fmt.Errorf("store: request %d-%d moved, but there is none", o.p.partition, number)
	}
	if old.place == place {
		return nil
	}
	value := old.value
	if value == nil {
		item, err := o.read.item(position{old.place, number})
		if err != nil {
			return err
		}
		value = item.Value
	}
	next := old
	next.place = place
	if err := o.write.replace(number, old.standing, next.standing, value); err != nil {
		return fmt.Errorf("store: move request %d-%d: %w", o.p.partition, number, err)
	}
	o.changed(number, old, next)
	return nil
}

// Delete forgets a request. That there is none is no error.
func (o *Overlay) Delete(number int64) error {
	if err := o.use(); err != nil {
		return err
	}
	defer o.p.mu.Unlock()
	return o.p.store.seen(o.delete(number))
}

func (o *Overlay) delete(number int64) error {
	old, err := o.standing(number)
	if err != nil || !old.exists {
		return err
	}
	mine, ok, err := o.command(old.card, old.source, old.commandID)
	if err != nil {
		return err
	}
	if ok && mine == number {
		if err := o.write.deleteCommand(old.standing); err != nil {
			return fmt.Errorf("store: delete request %d-%d: %w", o.p.partition, number, err)
		}
	}
	if err := o.write.delete(number, old.standing); err != nil {
		return fmt.Errorf("store: delete request %d-%d: %w", o.p.partition, number, err)
	}
	o.changed(number, old, known{})
	return nil
}
