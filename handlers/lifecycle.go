package handlers

import (
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/store"
)

// step is the handling of one entry, or of one waking, at one moment.
type step struct {
	*Dispatch
	now    provisioning.Timestamp // to be written down
	due    provisioning.Timestamp // whose time had come by then may act; in a waking it may lie before now
	out    []record.Record
	clock  provisioning.Timestamp // this process's, which may be set back; for what is not written down
	budget int                    // how many more requests may act
	waking bool
}

// create makes a request of a valid command, or says that the command already made one.
func (s *step) create(e *provisioning.CreateEntry, number provisioning.RequestNumber) error {
	card, ok := e.Smartcard.Key()
	if !ok {
		return errMisplaced // intake judged it: this is somebody else's record
	}
	first, found, err := s.overlay.ByCommand(card, e.Source, e.CommandID)
	if err != nil {
		return err
	}
	if found {
		return s.duplicate(e, first, number)
	}
	if there, err := s.overlay.Get(number.Offset); err != nil || there != nil {
		if err == nil {
			err = &recreatedError{number}
		}
		return err
	}
	r, event := provisioning.NewRequest(e, number, card, s.Digester, s.now)
	s.tally.outcome(outcomeAccepted)
	s.tally.reached(provisioning.Pending)
	if err := s.publish(provisioning.Outcome{Events: []provisioning.Event{event}}, r); err != nil {
		return err
	}
	head, err := s.head(card)
	if err != nil {
		return err
	}
	if !r.ProcessImmediately {
		return s.join(r, head)
	}
	// Immediate: sent as part of its creation, with everything that is ahead of it in its card's line. What is more than
	// one step should hold, or may not go now, follows by waking.
	s.budget = mostTakenAlong
	if head == nil && s.mayGo(store.ReadyUrgent) {
		return s.send(r) // nobody is behind it either
	}
	if err := s.join(r, head); err != nil {
		return err
	}
	return s.advance(card)
}

// mostTakenAlong is how many requests are sent as part of the creation of an immediate one.
const mostTakenAlong = 500

// unbounded is room that nothing uses up.
const unbounded = int(^uint(0) >> 1)

// duplicate answers a command whose source and id, for that card, already made the request with this offset. The same
// entry read again (somebody set the group's offset back) is no duplicate: it has been done.
func (s *step) duplicate(e *provisioning.CreateEntry, first int64, number provisioning.RequestNumber) error {
	if first == number.Offset {
		return nil
	}
	r, err := s.request(first)
	if err != nil {
		return err
	}
	differs := r.Differs(e, s.Digester)
	s.tally.outcome(outcomeDuplicate)
	if differs {
		s.tally.violation(provisioning.DuplicateDiffers)
	}
	event := provisioning.DuplicateEvent(r, number, e.CommandID, e.Source, differs, s.now)
	return s.event(&event, r.SmartcardKey)
}

// cancel ends a PENDING request, or says why that cannot be.
func (s *step) cancel(c *provisioning.CancelEntry, number provisioning.RequestNumber) error {
	if c.Number.Partition != s.partition {
		return errMisplaced
	}
	r, err := s.lookUp(c.Number.Offset)
	if err != nil {
		return err
	}
	if r != nil && r.CancelledBy(c) {
		s.tally.outcome(outcomeDuplicate)
		event := provisioning.DuplicateEvent(r, number, c.CommandID, c.Source, false, s.now)
		return s.event(&event, r.SmartcardKey)
	}
	if r != nil {
		if outcome, ok := s.Policy.Cancel(r, c, s.now); ok {
			s.tally.outcome(outcomeCancelled)
			s.tally.reached(r.State)
			if err := s.publish(outcome, r); err != nil {
				return err
			}
			return s.leave(r)
		}
	}
	event := provisioning.RejectedCancelEvent(r, number, c, s.now)
	s.tally.rejected(event.Errors)
	if r == nil {
		return s.event(&event, provisioning.SmartcardKey(c.CommandID)) // about no card
	}
	return s.event(&event, r.SmartcardKey)
}
