package handlers

import (
	"cardstream/provisioning"
	"cardstream/store"
)

// release sends what was held back, as far as it may go now: by the kinds' order, and in each by (due, number).
func (s *step) release() error {
	if s.gate.hold.holds() {
		return s.probe()
	}
	for _, kind := range store.ReadyKinds {
		if err := s.releaseKind(kind); err != nil {
			return err
		}
	}
	if s.overlay.Counts().Held() == 0 {
		s.gate.hold.gentle = false
	}
	return nil
}

// releaseAtOnce bounds how many requests are read at a time.
const releaseAtOnce = 256

func (s *step) releaseKind(kind store.Kind) error {
	for {
		items, err := s.overlay.ReadyItems(kind, min(s.budget, s.room(kind), releaseAtOnce))
		if err != nil || len(items) == 0 {
			return err
		}
		for i := range items {
			if err := s.releaseOne(&items[i].Request); err != nil {
				return err
			}
		}
	}
}

// releaseOne sends a request that was held back. It is still of the kind as which it was: whatever changes that, changes
// its card's line and puts its head to where it is armed. If a clock that was ahead held it back it may not be due yet.
func (s *step) releaseOne(r *provisioning.Request) error {
	if !r.Sendable(s.due) {
		return s.overlay.Move(r.Number.Offset, natural(r, true))
	}
	if err := s.send(r); err != nil || !r.State.Ended() {
		return err
	}
	return s.advance(r.SmartcardKey)
}

// probe asks a headend that does not answer whether it is there again: with the next attempt of one request.
func (s *step) probe() error {
	if s.clock < s.gate.hold.probeAt(s.clock) || s.gate.pace.room(s.clock) == 0 || s.budget <= 0 {
		return nil
	}
	for _, kind := range s.gate.hold.probes() {
		if !s.gate.passes(kind, s.overlay.Counts()) {
			continue
		}
		items, err := s.overlay.ReadyItems(kind, 1)
		if err != nil {
			return err
		}
		if len(items) > 0 {
			s.gate.hold.probed(kind, s.clock)
			return s.releaseOne(&items[0].Request)
		}
	}
	return nil
}

// room returns how many attempts of that kind may go now.
func (s *step) room(kind store.Kind) int { return s.gate.room(kind, s.overlay.Counts(), s.clock) }

// mayGo reports whether an attempt of that kind may go now, and nobody is held back who goes before it.
func (s *step) mayGo(kind store.Kind) bool { return !s.queued(kind) && s.room(kind) > 0 }

// queued reports whether somebody is held back who goes before what is of that kind.
func (s *step) queued(kind store.Kind) bool {
	counts := s.overlay.Counts()
	for _, k := range store.ReadyKinds {
		if k <= kind && counts.Place(k) > 0 {
			return true
		}
	}
	return false
}

// readyKind is the kind of what is held back that the head of a card's line belongs to: urgent, if it is an immediate one
// or an immediate one waits behind it.
func (s *step) readyKind(head *provisioning.Request) (store.Kind, error) {
	urgent, err := s.overlay.Urgent(head.SmartcardKey)
	return store.ReadySince(0, urgent, head.State == provisioning.Sent).Kind, err
}

// holdBack puts the head of a card's line where it waits for what holds it back. Outside of a waking it stays armed, and
// the next waking sees to it: what has come due since the log was last known may have its cancel there, unread.
func (s *step) holdBack(head *provisioning.Request, kind store.Kind) error {
	place := natural(head, true)
	if s.waking {
		place.Kind, s.moved = kind, true
		if head.State == provisioning.Pending {
			place.At = head.DueAt // by which what is held back goes in order
		}
	}
	return s.overlay.Move(head.Number.Offset, place)
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
	case r.State == provisioning.Pending && r.DueAtCreation():
		// No clock needs to be asked, and the one that dated it may have been ahead; but who wakes the state does so as of a
		// moment before it was made. Its command stood in the log by then.
		return store.ArmedAt(min(r.DueAt, r.CommandAppendedAt))
	case r.State == provisioning.Pending:
		return store.ArmedAt(r.DueAt)
	}
	return store.ParkedPlace()
}
