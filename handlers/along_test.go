package handlers_test

import (
	"testing"

	"cardstream/provisioning"
)

// However many requests an immediate one is to take along through a pause, one step does not hold them all; all go in
// order.
func TestAnImmediateOneTakesManyAlong(t *testing.T) {
	policy := milled(0)
	policy.Results = false
	m := newMill(t, policy)
	m.control.set(provisioning.RunControl{Paused: true})
	const ahead = 1200
	card := func(int) string { return "one" }
	m.fill(ahead, card, nil)
	m.immediate("one")
	atOnce := len(m.sent)
	for m.step(nil, 100) {
	}
	if atOnce == 0 || atOnce > ahead/2 {
		t.Errorf("%d went in one step", atOnce)
	}
	if len(m.sent) != ahead+1 {
		t.Fatalf("%d were sent, want %d", len(m.sent), ahead+1)
	}
	for i, c := range m.sent {
		if c.RequestNumber.Offset != int64(i) {
			t.Fatalf("%s is the %dth", c.RequestNumber, i)
		}
	}
}
