package handlers

import (
	"fmt"

	"cardstream/provisioning"
	"cardstream/store"
)

// join puts a new request into its card's line, at whose head that one stands; nil: nobody. If it goes before the head,
// that one can no longer act.
func (s *step) join(r, head *provisioning.Request) error {
	if head == nil {
		return s.put(r, natural(r, true))
	}
	if r.LineOrder(head) > 0 {
		return s.put(r, store.ParkedPlace())
	}
	if err := s.overlay.Move(head.Number.Offset, store.ParkedPlace()); err != nil {
		return err
	}
	return s.put(r, natural(r, true))
}

// leave takes an ended request out of its card's line; whoever stands at the head now is armed.
func (s *step) leave(r *provisioning.Request) error {
	if err := s.put(r, natural(r, false)); err != nil {
		return err
	}
	head, err := s.head(r.SmartcardKey)
	if err != nil || head == nil {
		return err
	}
	return s.overlay.Move(head.Number.Offset, natural(head, true))
}

// head returns the request at the head of a card's line, or nil.
func (s *step) head(card provisioning.SmartcardKey) (*provisioning.Request, error) {
	head, found, err := s.overlay.Head(card)
	if err != nil || !found {
		return nil, err
	}
	return s.request(head.Number)
}

// request returns a request that the store's own indexes say is there.
func (s *step) request(offset int64) (*provisioning.Request, error) {
	r, err := s.lookUp(offset)
	if err == nil && r == nil {
		err = fmt.Errorf("request %d-%d is in an index but not in the store", s.partition, offset)
	}
	return r, err
}

// lookUp returns the request with this offset, or nil.
func (s *step) lookUp(offset int64) (*provisioning.Request, error) {
	item, err := s.overlay.Get(offset)
	if err != nil || item == nil {
		return nil, err
	}
	return &item.Request, nil
}
