package store

import (
	"fmt"

	"cardstream/provisioning"
)

// standing is what the store knows of a request without its value: where it stands, and what its index rows are made
// of. It shares no memory with the Request that it was taken from but strings, which nobody can change.
type standing struct {
	place     Place
	card      provisioning.SmartcardKey
	state     provisioning.State
	due       provisioning.Timestamp
	immediate bool
	source    string
	commandID string
	size      uint32 // bytes of the value: tells Pebble what a delete frees
}

// standingOf takes from a request what its rows are made of.
func standingOf(r *provisioning.Request, place Place, size int) standing {
	return standing{
		place: place, card: r.SmartcardKey, state: r.State, due: r.DueAt, immediate: r.ProcessImmediately,
		source: r.Source, commandID: r.CommandID, size: uint32(size),
	}
}

// inLine reports whether the request stands in its card's line.
func (s *standing) inLine() bool { return !s.state.Ended() }

// urgent reports whether it is an immediate one that waits in its card's line.
func (s *standing) urgent() bool { return s.state == provisioning.Pending && s.immediate }

// entry is its entry in its card's line.
func (s *standing) entry(number int64) LineEntry {
	return LineEntry{Number: number, Sent: s.state == provisioning.Sent, DueAt: s.due}
}

// check says why r cannot be put at place in this partition, nil if it can.
func check(r *provisioning.Request, partition int32, place Place) error {
	switch {
	case r.Number.Partition != partition:
		return fmt.Errorf("store: request %s put into partition %d", r.Number, partition)
	case new(Counts).state(r.State) == nil:
		return fmt.Errorf("store: request %s has the unknown state %q", r.Number, r.State)
	case !place.Kind.valid():
		return fmt.Errorf("store: request %s put at no place", r.Number)
	}
	return nil
}
