package handlers

import (
	"math"

	"cardstream/provisioning"
	"cardstream/store"
)

// hold spares a headend that does not answer, and the requests that it would fail: after Policy.HoldAfter attempts in a
// row that were left unanswered the partition sends nothing but a probe now and then, and goes on, gently, at the first
// answer. What is known of the silence stands in every record of the changelog and in the store's checkpoint, so a new
// life goes on holding where the one before it did (docs/decisions/0020-held-headend.md).
type hold struct {
	policy  provisioning.Policy
	silence int32                  // attempts in a row without an answer
	next    provisioning.Timestamp // when the next probe goes
	retries bool                   // the last probe was a retry's: the next is a first attempt's, if there is one

	gentle bool // a hold has ended, and not all that it held back has gone yet
	credit int  // how many attempts may go meanwhile
}

// gentleStart is how many attempts go when a hold ends. Each answer lets two more go, so they double from one round trip
// to the next.
const gentleStart = 10

// gentleEnd is how much credit ends the caution.
const gentleEnd = 10_000

// holds reports whether nothing goes but probes.
func (h *hold) holds() bool { return h.policy.Holds(h.silence) }

// timedOut counts an attempt that was left unanswered.
func (h *hold) timedOut(now provisioning.Timestamp) {
	held := h.holds()
	if h.silence < math.MaxInt32 {
		h.silence++
	}
	h.credit++
	if !held && h.holds() {
		h.gentle = false
		h.wait(now)
	}
}

// answered takes note that the headend is there.
func (h *hold) answered() {
	if h.holds() {
		h.gentle, h.credit = true, gentleStart
	}
	h.silence = 0
	h.credit = min(h.credit+2, gentleEnd)
	if h.credit == gentleEnd {
		h.gentle = false
	}
}

// took counts an attempt that went.
func (h *hold) took() { h.credit = max(0, h.credit-1) }

// wait plans the next probe.
func (h *hold) wait(now provisioning.Timestamp) { h.next = now.Add(h.policy.ProbeEvery) }

// probeAt returns when the next probe goes: never later than the time between two from now, however far the clock was set
// back.
func (h *hold) probeAt(now provisioning.Timestamp) provisioning.Timestamp {
	return min(h.next, now.Add(h.policy.ProbeEvery))
}

// room returns how many attempts may go, probes aside.
func (h *hold) room() int {
	switch {
	case h.holds():
		return 0
	case h.gentle:
		return h.credit
	}
	return unbounded
}

// The kinds by which a probe is chosen. Retries and first attempts take turns: a few requests that the headend leaves
// unanswered for a reason of their own must not keep it from being asked about others.
var (
	retriesFirst  = [...]store.Kind{store.ReadyUrgentRetry, store.ReadyRetry, store.ReadyUrgent, store.Ready}
	attemptsFirst = [...]store.Kind{store.ReadyUrgent, store.Ready, store.ReadyUrgentRetry, store.ReadyRetry}
)

// probes returns the kinds of which the next probe is taken, the one to be tried first at the beginning.
func (h *hold) probes() [len(store.ReadyKinds)]store.Kind {
	if h.retries {
		return attemptsFirst
	}
	return retriesFirst
}

// probed plans the probe after one of that kind.
func (h *hold) probed(k store.Kind, now provisioning.Timestamp) {
	h.retries = k == store.ReadyUrgentRetry || k == store.ReadyRetry
	h.wait(now)
}
