package handlers

import (
	"cardstream/provisioning"
	"cardstream/store"
)

// gate says whether the next attempt of whoever stands at the head of its card's line may go now. Beside the line itself
// it is all that keeps back what is due: the pause, the bound of what is in flight, a headend that does not answer, the
// rate. It is one partition's, of one life of its task; nothing of it is ever undone, as a step that is not committed
// ends the life.
type gate struct {
	partitions int32 // that share the rate
	control    provisioning.RunControl
	hold       hold
	pace       pace
}

// look takes over what operators say now.
func (g *gate) look(c provisioning.RunControl) {
	g.control = c
	g.pace.set(c.Rate, g.partitions)
}

// passes reports whether what is of that kind passes the pause and finds room in flight.
func (g *gate) passes(k store.Kind, c store.Counts) bool { return g.flight(k, c) > 0 }

// flight returns how many attempts of that kind pass the pause and find room in flight. A retry is in flight already.
func (g *gate) flight(k store.Kind, c store.Counts) int {
	urgent := k == store.ReadyUrgent || k == store.ReadyUrgentRetry
	first := k == store.ReadyUrgent || k == store.Ready
	bound := g.hold.policy.InFlight
	switch {
	case g.control.Paused && !urgent:
		return 0
	case first && bound > 0 && g.hold.policy.Results:
		return int(max(0, bound-c.Sent))
	}
	return unbounded
}

// room returns how many attempts of that kind may go now, probes aside.
func (g *gate) room(k store.Kind, c store.Counts, now provisioning.Timestamp) int {
	return min(g.flight(k, c), g.hold.room(), g.pace.room(now))
}

// took counts an attempt that went.
func (g *gate) took(now provisioning.Timestamp) {
	g.hold.took()
	g.pace.took(now)
}

// next returns when some of what is held back may go by the clock alone; false where nothing may, whatever the time.
func (g *gate) next(c store.Counts, now provisioning.Timestamp) (provisioning.Timestamp, bool) {
	if !g.hold.holds() && g.hold.room() == 0 {
		return 0, false // until there is an answer, or a time-out
	}
	for _, k := range store.ReadyKinds {
		if c.Place(k) == 0 || !g.passes(k, c) {
			continue
		}
		if g.hold.holds() {
			return max(g.hold.probeAt(now), g.pace.next(now)), true
		}
		return g.pace.next(now), true
	}
	return 0, false
}
