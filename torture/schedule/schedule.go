// Package schedule draws which fault happens when, to whom and for how long. It is a pure function of a seed: the same
// seed, length and kinds give the same schedule, on any machine.
package schedule

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is a kind of fault, as far as its time and its target go.
type Kind struct {
	Name        string
	Least, Most time.Duration // how long it lasts

	// Targets is how many there are to choose from, and Claims says what is taken away from other faults while this one
	// has its target, and some time after.
	Targets int
	Claims  func(target int) []string
}

// Blow is one fault of a run.
type Blow struct {
	Number int           // from 1, in order
	At     time.Duration // from the beginning of the run
	For    time.Duration
	Kind   string
	Target int
	Claims []string
	Seed   uint64 // of what the fault itself has to draw
}

// How closely faults follow each other.
const (
	leastGap = 1 * time.Second
	mostGap  = 8 * time.Second
	rest     = 3 * time.Second // of a target between two faults
	lead     = 2 * time.Second // before the first fault
)

// Of returns the blows of a run of so long, in order. Every kind has its turn before any has another, in an order that is
// drawn anew each time; several blows are under way at once, but no two that claim the same. All end with the run.
func Of(seed uint64, length time.Duration, kinds []Kind) []Blow {
	d := deck{random: rand.New(rand.NewPCG(seed, 2)), kinds: kinds, free: map[string]time.Duration{}}
	var blows []Blow
	for at := lead; at < length && len(kinds) > 0; at += d.between(leastGap, mostGap) {
		if b := d.blow(at); b.At+b.For <= length {
			blows = append(blows, b)
		}
	}
	slices.SortStableFunc(blows, func(a, b Blow) int { return cmp.Compare(a.At, b.At) })
	for i := range blows {
		blows[i].Number = i + 1
	}
	return blows
}

// deck deals the kinds.
type deck struct {
	random *rand.Rand
	kinds  []Kind
	left   []Kind
	free   map[string]time.Duration // when what was claimed may be claimed again
}

// blow deals the next kind, at this time or as soon after as one of its targets is free.
func (d *deck) blow(at time.Duration) Blow {
	if len(d.left) == 0 {
		for _, i := range d.random.Perm(len(d.kinds)) {
			d.left = append(d.left, d.kinds[i])
		}
	}
	kind := d.left[0]
	d.left = d.left[1:]
	b := Blow{At: at, For: d.between(kind.Least, kind.Most), Kind: kind.Name, Seed: d.random.Uint64()}
	b.Target = d.target(kind, at)
	b.Claims = kind.Claims(b.Target)
	b.At = max(at, d.freeAt(b.Claims))
	for _, claim := range b.Claims {
		d.free[claim] = b.At + b.For + rest
	}
	return b
}

// target draws one that is free at this time, or else the one that is free soonest.
func (d *deck) target(kind Kind, at time.Duration) int {
	if kind.Targets == 0 {
		return 0
	}
	order := d.random.Perm(kind.Targets)
	return slices.MinFunc(order, func(a, b int) int {
		return cmp.Compare(max(at, d.freeAt(kind.Claims(a))), max(at, d.freeAt(kind.Claims(b))))
	})
}

// freeAt is when all of what is claimed may be claimed again.
func (d *deck) freeAt(claims []string) time.Duration {
	var at time.Duration
	for _, claim := range claims {
		at = max(at, d.free[claim])
	}
	return at
}

// between draws a duration in whole tenths of a second.
func (d *deck) between(least, most time.Duration) time.Duration {
	const unit = 100 * time.Millisecond
	return least + time.Duration(d.random.Int64N(int64((most-least)/unit)+1))*unit
}
