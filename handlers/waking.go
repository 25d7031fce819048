package handlers

import (
	"cardstream/provisioning"
	"cardstream/store"
)

// wake lets at most limit requests act whose time has come, and then those that were held back and may go now.
func (s *step) wake(limit int) (more bool, err error) {
	s.waking, s.budget = true, limit
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
	if err := s.release(); err != nil {
		return false, err
	}
	return len(woken) == limit || s.budget <= 0, nil
}

// act does what a woken request is to do: an ended one is forgotten, an attempt without an answer given up, a due one
// sent or held back. Each but the last costs one of the budget.
func (s *step) act(item store.Item) error {
	r := &item.Request
	switch {
	case r.Forgettable(s.due):
		s.budget--
		return s.forget(r)
	case r.Overdue(s.due):
		s.budget--
		if err := s.timeOut(r); err != nil {
			return err
		}
	case r.Sendable(s.due): // only who stands at the head of its line has a wake time
		return s.proceed(r)
	}
	return s.advance(r.SmartcardKey)
}

// timeOut gives up an attempt whose answer is late.
func (s *step) timeOut(r *provisioning.Request) error {
	if s.Policy.Results {
		s.gate.hold.timedOut(s.clock)
	}
	return s.settle(r, s.Policy.TimeOut(r, s.gate.hold.silence, s.now))
}

// advance moves a card's line on: whoever stands at its head is sent, if it is due and may go.
func (s *step) advance(card provisioning.SmartcardKey) error {
	head, err := s.head(card)
	if err != nil || head == nil {
		return err
	}
	return s.proceed(head)
}

// proceed sends the head of a card's line if it is due and may go, and those behind it while requests end by being sent.
// Whoever stands at the head then waits there, for its time or for what holds it back.
func (s *step) proceed(head *provisioning.Request) error {
	for {
		if !head.Sendable(s.due) || s.budget <= 0 {
			return s.overlay.Move(head.Number.Offset, natural(head, true))
		}
		kind, err := s.readyKind(head)
		if err != nil {
			return err
		}
		if !s.mayGo(kind) {
			return s.holdBack(head, kind)
		}
		if err := s.send(head); err != nil || !head.State.Ended() {
			return err
		}
		if head, err = s.head(head.SmartcardKey); err != nil || head == nil {
			return err
		}
	}
}

// send hands a request's next attempt to the headend.
func (s *step) send(r *provisioning.Request) error {
	s.budget--
	s.gate.took(s.clock)
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
