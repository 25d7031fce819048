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
	budget int // how many more requests may be sent; only a waking is bounded
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
	if err := s.join(r); err != nil || !r.ProcessImmediately {
		return err
	}
	// Immediate: sent as part of its creation, with everything that is ahead of it in its card's line.
	s.budget = unbounded
	return s.advance(card)
}

// unbounded is a budget that a card's line does not use up.
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
	return s.event(provisioning.DuplicateEvent(r, number, e.CommandID, e.Source, differs, s.now), r.SmartcardKey)
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
		return s.event(provisioning.DuplicateEvent(r, number, c.CommandID, c.Source, false, s.now), r.SmartcardKey)
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
		return s.event(event, provisioning.SmartcardKey(c.CommandID)) // about no card
	}
	return s.event(event, r.SmartcardKey)
}

// wake lets at most limit requests act whose time has come.
func (s *step) wake(limit int) (more bool, err error) {
	woken, err := s.overlay.Woken(s.due, limit)
	if err != nil {
		return false, err
	}
	for _, item := range woken {
		if s.budget <= 0 {
			return true, nil
		}
		if err := s.act(item); err != nil {
			return false, err
		}
	}
	return len(woken) == limit || s.budget <= 0, nil
}

// act does what a woken request is to do: an ended one is forgotten, an attempt without an answer given up, a due one
// sent. Each costs one of the budget.
func (s *step) act(item store.Item) error {
	r := &item.Request
	switch {
	case r.Forgettable(s.due):
		s.budget--
		return s.forget(r)
	case r.Overdue(s.due):
		s.budget--
		if err := s.settle(r, s.Policy.TimeOut(r, s.now)); err != nil {
			return err
		}
	case r.Sendable(s.due): // only who stands at the head of its line has a wake time
		s.budget--
		if err := s.send(r); err != nil {
			return err
		}
	}
	return s.advance(r.SmartcardKey)
}

// advance moves a card's line on: whoever stands at its head is sent if it is due, and so on while requests end by
// being sent. Whoever then stands at the head is armed for its time.
func (s *step) advance(card provisioning.SmartcardKey) error {
	for {
		head, err := s.head(card)
		if err != nil || head == nil {
			return err
		}
		if !head.Sendable(s.due) || s.budget <= 0 {
			return s.overlay.Move(head.Number.Offset, natural(head, true))
		}
		s.budget--
		if err := s.send(head); err != nil {
			return err
		}
	}
}

// send hands a request's next attempt to the headend.
func (s *step) send(r *provisioning.Request) error {
	outcome := s.Policy.Send(r, s.now)
	s.tally.sent(r)
	s.tally.reached(provisioning.Sent)
	if r.State != provisioning.Sent {
		s.tally.reached(r.State)
	}
	if err := s.publish(outcome, r); err != nil {
		return err
	}
	return s.put(r, natural(r, true))
}

// natural is where a request waits for its time, given whether it stands at the head of its card's line: only what can
// act has a wake time.
func natural(r *provisioning.Request, head bool) store.Place {
	switch {
	case r.ForgetAt != nil:
		return store.ArmedAt(*r.ForgetAt)
	case !head:
		return store.ParkedPlace()
	case r.RetryAt != nil:
		return store.ArmedAt(*r.RetryAt)
	case r.RespondBy != nil:
		return store.ArmedAt(*r.RespondBy)
	case r.State == provisioning.Pending:
		return store.ArmedAt(r.DueAt)
	}
	return store.ParkedPlace()
}
