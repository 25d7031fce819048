package store

import (
	"cmp"

	"cardstream/provisioning"
)

// Kind is how a request stands for waking.
type Kind uint8

// The kinds of places. Their values are bytes of the keys on disk.
const (
	// Parked cannot act by itself: it waits behind another of its card's line, or for something that will look it up
	// by its number or its card. Waking never sees it.
	Parked Kind = 0x10 + iota
	// Armed acts when its time comes.
	Armed
	// The Ready kinds are due but held back: by a pause, a rate, the bound of what is in flight, a held headend. Urgent
	// is what passes a pause; a retry is the next attempt of a request that is SENT, and so raises no count of what is in
	// flight. They are taken in this order. Retries have kinds of their own so that a first attempt that may not go never
	// stands before one that may.
	ReadyUrgentRetry
	ReadyUrgent
	ReadyRetry
	Ready
)

// ReadyKinds are the kinds of what is held back, in the order in which they are taken.
var ReadyKinds = [...]Kind{ReadyUrgentRetry, ReadyUrgent, ReadyRetry, Ready}

// valid reports whether k is one of the kinds.
func (k Kind) valid() bool { return k >= Parked && k <= Ready }

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Parked:
		return "parked"
	case Armed:
		return "armed"
	case ReadyUrgentRetry:
		return "ready-urgent-retry"
	case ReadyUrgent:
		return "ready-urgent"
	case ReadyRetry:
		return "ready-retry"
	case Ready:
		return "ready"
	}
	return "no place"
}

// Place is where a request stands for waking. Within its kind a request stands by (At, number).
type Place struct {
	Kind Kind
	At   provisioning.Timestamp // Armed: when it acts; held back: since when it is due; Parked: zero
}

// ParkedPlace is the place of what cannot act.
func ParkedPlace() Place { return Place{Kind: Parked} }

// ArmedAt is the place of what acts at t.
func ArmedAt(t provisioning.Timestamp) Place { return Place{Kind: Armed, At: t} }

// ReadySince is the place of what has been due since then and is held back; urgent is what passes a pause, retry the next
// attempt of a request that is SENT.
func ReadySince(due provisioning.Timestamp, urgent, retry bool) Place {
	switch {
	case urgent && retry:
		return Place{Kind: ReadyUrgentRetry, At: due}
	case urgent:
		return Place{Kind: ReadyUrgent, At: due}
	case retry:
		return Place{Kind: ReadyRetry, At: due}
	}
	return Place{Kind: Ready, At: due}
}

// Held reports whether k is one of the kinds of what is held back.
func (k Kind) Held() bool { return k >= ReadyUrgentRetry && k <= Ready }

// position is a place and a number: where a request's row stands among all rows of values.
type position struct {
	place  Place
	number int64
}

// compare orders positions as their keys are ordered on disk.
func (p position) compare(o position) int {
	return cmp.Or(
		cmp.Compare(p.place.Kind, o.place.Kind), cmp.Compare(p.place.At, o.place.At), cmp.Compare(p.number, o.number))
}
