package handlers_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardstream/handlers"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/store"
)

// However commands, results, cancels, pauses, rates and the clock come, and whenever the process ends and another one
// begins, with its disk or without, what it writes is a life cycle (chronicle), and everything stands where it should
// (checkPlaces). In the end, with nothing in its way, everything comes to its end.
func TestHistories(t *testing.T) {
	w := openWorld(t, noMishap)
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, w)
		t.Repeat(map[string]func(*rapid.T){
			"command": h.command, "cancel": h.cancel, "result": h.result, "answer": h.answer, "steer": h.steer,
			"wait": h.wait, "long wait": h.longWait, "restart": h.restart, "": h.step,
		})
		h.finish(t)
	})
}

// history is a world with somebody who writes down what comes out.
type history struct {
	w         *world
	chronicle *chronicle
}

func newHistory(t *rapid.T, w *world) *history {
	w.config.Policy = provisioning.Policy{
		Results: true, Timeout: time.Minute, Retention: 10 * time.Minute,
		Attempts: int32(rapid.IntRange(1, 3).Draw(t, "attempts")),
		RetryMin: time.Second, RetryMax: 10 * time.Second,
		InFlight:   int64(rapid.IntRange(0, 2).Draw(t, "in flight")),
		HoldAfter:  int32(rapid.IntRange(0, 2).Draw(t, "hold after")),
		ProbeEvery: 10 * time.Second,
	}
	w.renew()
	h := &history{w: w, chronicle: newChronicle(t, w)}
	w.observe = h.chronicle.read
	return h
}

func (h *history) command(t *rapid.T) {
	card := rapid.IntRange(1, 4).Draw(t, "card")
	h.w.read(h.w.record("command", fmt.Sprintf(`{"command_id": "c-%d", "subscription_identifier": {"number": "S-1"}, `+
		`"smartcard_identifier": {"serial_number": "%d"}, "new_pin": "PINPINPI", "scheduled_date": "+%ds", "process_immediately": %v}`,
		rapid.IntRange(0, 30).Draw(t, "id"), card, rapid.IntRange(0, 20).Draw(t, "date"), rapid.IntRange(0, 3).Draw(t, "immediate") == 0)))
}

func (h *history) cancel(t *rapid.T) {
	h.w.read(h.w.record("command", fmt.Sprintf(`{"command_id": "x-%d", "cancel": {"number": "%s"}}`,
		rapid.IntRange(0, 30).Draw(t, "id"), h.number(t))))
}

// number is one of a request's, or sometimes of none.
func (h *history) number(t *rapid.T) provisioning.RequestNumber {
	if known := h.chronicle.numbers(); len(known) > 0 {
		return rapid.SampledFrom(known).Draw(t, "number")
	}
	return provisioning.RequestNumber{}
}

// answer refuses all that is outstanding, or accepts it.
func (h *history) answer(t *rapid.T) {
	status := rapid.SampledFrom([]string{"ACCEPTED", "REJECTED", "REJECTED"}).Draw(t, "status")
	for _, number := range h.chronicle.numbers() {
		if k := h.chronicle.requests[number]; k.request.RespondBy != nil {
			h.w.read(h.w.record("result", fmt.Sprintf(`{"request_number": "%s", "attempt": %d, "response_status": "%s", "retryable": true}`,
				number, k.sent, status)))
		}
	}
}

// result is mostly about the last attempt of a request.
func (h *history) result(t *rapid.T) {
	number, attempt := h.number(t), int32(1)
	if k := h.chronicle.requests[number]; k != nil {
		attempt = max(1, k.sent-int32(rapid.IntRange(0, 1).Draw(t, "attempts before")))
	}
	status := rapid.SampledFrom([]string{"ACCEPTED", "REJECTED", "REJECTED"}).Draw(t, "status")
	pause := rapid.SampledFrom([]string{"null", "null", "30000"}).Draw(t, "pause")
	h.w.read(h.w.record("result", fmt.Sprintf(`{"request_number": "%s", "attempt": %d, "response_status": "%s", "retryable": %v, "retry_after_ms": %s}`,
		number, attempt, status, rapid.IntRange(0, 3).Draw(t, "final") > 0, pause)))
}

func (h *history) steer(t *rapid.T) {
	h.w.control.set(provisioning.RunControl{
		Paused: rapid.Bool().Draw(t, "paused"), Rate: float64(rapid.SampledFrom([]int{0, 0, 1, 10}).Draw(t, "rate")),
	})
}

func (h *history) wait(t *rapid.T) {
	h.w.now = h.w.now.Add(time.Duration(rapid.IntRange(1, 15_000).Draw(t, "wait")) * time.Millisecond)
}

// longWait is as long as the answers to what is outstanding may take.
func (h *history) longWait(*rapid.T) { h.w.now = h.w.now.Add(h.w.config.Policy.Timeout) }

func (h *history) restart(t *rapid.T) { h.w.restart(rapid.Bool().Draw(t, "disk lost")) }

// step is mostly a step of every partition, which the process may not survive.
func (h *history) step(t *rapid.T) {
	h.chronicle.t = t
	if rapid.IntRange(0, 3).Draw(t, "idle") == 0 {
		return
	}
	h.w.mishap = rapid.SampledFrom([]mishap{noMishap, noMishap, noMishap, beforeApply, beforeCommit}).Draw(t, "mishap")
	limit := rapid.IntRange(1, 8).Draw(t, "limit")
	h.w.step(limit)
	if h.w.mishap != noMishap { // whoever begins anew looks first
		h.w.mishap = noMishap
		h.w.step(limit)
	}
	h.checkPlaces(t)
}

// finish takes everything out of the way, and lets the headend answer.
func (h *history) finish(t *rapid.T) {
	h.chronicle.t = t
	h.w.control.set(provisioning.RunControl{})
	for range 100 {
		h.w.step(10)
		for number, k := range h.chronicle.requests {
			if k.state == provisioning.Sent && k.request.RetryAt == nil {
				h.w.read(h.w.record("result", fmt.Sprintf(
					`{"request_number": "%s", "attempt": %d, "response_status": "ACCEPTED"}`, number, k.sent)))
			}
		}
		h.w.step(10)
		h.checkPlaces(t)
		if !slices.ContainsFunc(h.chronicle.numbers(), h.chronicle.live) {
			return
		}
		h.w.now = h.w.now.Add(30 * time.Second)
	}
	t.Fatal("not everything comes to its end")
}

// checkPlaces: whatever can act has a wake time, and whatever cannot has none; and what can act but for the gate is held
// back by something.
func (h *history) checkPlaces(t *rapid.T) {
	for p, d := range h.w.dispatch {
		places, first, paced := h.places(t, int32(p))
		at, found, err := d.handler.NextWake()
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && (!found || provisioning.TimestampOf(at) > *first) {
			t.Fatalf("partition %d is to wake at %v, but something acts at %v", p, at, first)
		}
		if soon := h.w.now.Add(time.Second + partitions*time.Second); paced && (!found || provisioning.TimestampOf(at) > soon) {
			t.Fatalf("partition %d is to wake at %v, and the rate lets something go until %v", p, at, soon)
		}
		clocked := h.w.control.run.Rate > 0 || h.w.config.Policy.HoldAfter > 0
		if found && !clocked && (first == nil || provisioning.TimestampOf(at) != *first) {
			t.Fatalf("partition %d is to wake at %v for nothing: %v", p, at, places)
		}
	}
}

// places holds where each request of a partition stands against where it should, and returns when the first acts, and
// whether the rate alone keeps one back.
func (h *history) places(t *rapid.T, partition int32) (
	places map[provisioning.RequestNumber]store.Place, first *provisioning.Timestamp, paced bool) {
	overlay, err := h.w.leases[partition].Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer overlay.Discard()
	places = make(map[provisioning.RequestNumber]store.Place)
	for _, number := range h.chronicle.numbers() {
		if number.Partition != partition {
			continue
		}
		item, err := overlay.Get(number.Offset)
		if err != nil || item == nil {
			t.Fatalf("%s is not in the store: %v", number, err)
		}
		k := h.chronicle.requests[number]
		want := h.chronicle.place(k, h.w.now)
		if item.Place != want {
			t.Fatalf("%s %s stands at %v, want %v", number, k.state, item.Place, want)
		}
		places[number] = item.Place
		if item.Place.Kind == store.Armed && (first == nil || item.Place.At < *first) {
			first = &item.Place.At
		}
		if item.Place.Kind.Held() && !h.hasObstacle(k) {
			if h.w.control.run.Rate == 0 {
				t.Fatalf("%s could go, and is held back at %v", number, item.Place)
			}
			paced = true
		}
	}
	return places, first, paced
}

// hasObstacle reports whether something but the rate may keep back this one, which can go but for the gate.
func (h *history) hasObstacle(k *known) bool {
	policy, run := h.w.config.Policy, h.w.control.run
	switch {
	case policy.HoldAfter > 0:
		return true
	case run.Paused && !h.chronicle.urgent(k):
		return true
	}
	return k.state == provisioning.Pending && policy.InFlight > 0 && h.chronicle.inFlight(k.request.Number.Partition) >= policy.InFlight
}

var _ handlers.Control = (*control)(nil)

// known is what the chronicle knows of a request.
type known struct {
	request provisioning.Request // as last written
	state   provisioning.State   // as last told by an event
	sent    int32                // smartcard commands
}

// chronicle is all requests as a plain map, and the rules of the life cycle as somebody outside would see them kept.
type chronicle struct {
	t        *rapid.T
	w        *world
	requests map[provisioning.RequestNumber]*known
}

func newChronicle(t *rapid.T, w *world) *chronicle {
	return &chronicle{t: t, w: w, requests: make(map[provisioning.RequestNumber]*known)}
}

// numbers are those of all requests that are remembered, in order.
func (c *chronicle) numbers() []provisioning.RequestNumber {
	var numbers []provisioning.RequestNumber
	for n := range c.requests {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, provisioning.RequestNumber.Compare)
	return numbers
}

func (c *chronicle) live(n provisioning.RequestNumber) bool { return !c.requests[n].state.Ended() }

// read takes in a record that has been committed.
func (c *chronicle) read(r *record.Record) {
	ctx := c.w.t.Context()
	switch r.Topic {
	case c.w.topics.SmartcardCommands():
		command, err := c.w.schemas.SmartcardCommand.Decode(ctx, r.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		c.sent(&command)
	case c.w.topics.Events():
		event, err := c.w.schemas.Event.Decode(ctx, r.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		if event.RequestNumber != nil && event.Type != provisioning.CommandDuplicate && event.Type != provisioning.CommandRejected {
			c.happened(&event)
		}
	case c.w.topics.State():
		number, err := provisioning.ParseRequestNumber(string(r.Key))
		if err != nil {
			c.t.Fatal(err)
		}
		if r.Value == nil {
			c.forgotten(number)
			return
		}
		request, err := c.w.schemas.State.Decode(ctx, r.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		c.written(&request)
	}
}

// sent: the next attempt, of who is first in its card's line, due, and held back by nothing.
func (c *chronicle) sent(command *provisioning.SmartcardCommand) {
	k := c.requests[command.RequestNumber]
	k.sent++
	if command.Attempt != k.sent {
		c.t.Fatalf("%s: attempt %d is the %dth", command.RequestNumber, command.Attempt, k.sent)
	}
	if head := c.head(k); head != k {
		c.t.Fatalf("%s is sent, and %s is before it", command.RequestNumber, head.request.Number)
	}
	policy, r := c.w.config.Policy, &k.request
	switch {
	case k.state == provisioning.Pending && r.DueAt > c.w.now:
		c.t.Fatalf("%s is sent before it is due", r.Number)
	case k.state == provisioning.Sent && (r.RetryAt == nil || *r.RetryAt > c.w.now):
		c.t.Fatalf("%s is sent again too early", r.Number)
	case c.w.control.run.Paused && !c.urgent(k):
		c.t.Fatalf("%s is sent through a pause", r.Number)
	case k.state == provisioning.Pending && policy.InFlight > 0 && c.inFlight(r.Number.Partition) >= policy.InFlight:
		c.t.Fatalf("%s is sent, and there are %d in flight", r.Number, c.inFlight(r.Number.Partition))
	case *command.RespondBy != c.w.now.Add(policy.Timeout):
		c.t.Fatalf("%s is to be answered by %s", r.Number, command.RespondBy)
	}
}

// next says which states may follow a state.
var next = map[provisioning.State][]provisioning.State{
	"":                     {provisioning.Pending},
	provisioning.Pending:   {provisioning.Sent, provisioning.Cancelled},
	provisioning.Sent:      {provisioning.Sent, provisioning.Completed, provisioning.Rejected},
	provisioning.Rejected:  {provisioning.Completed},
	provisioning.Completed: nil, provisioning.Cancelled: nil,
}

// happened: a state that may follow the one before.
func (c *chronicle) happened(e *provisioning.Event) {
	k := c.requests[*e.RequestNumber]
	if k == nil {
		k = &known{}
		k.request.Number, k.request.ProcessImmediately = *e.RequestNumber, *e.ProcessImmediately
		k.request.DueAt = *e.DueAt
		k.request.SmartcardKey, _ = e.Smartcard.Key()
		c.requests[*e.RequestNumber] = k
	}
	if !slices.Contains(next[k.state], e.State) {
		c.t.Fatalf("%s was %s and is %s", e.RequestNumber, k.state, e.State)
	}
	k.state = e.State
	if e.State == provisioning.Sent {
		k.request.RetryAt = nil
	}
}

// written: what stands in the changelog is what was told, its attempts are counted right, and no PIN outlives the end.
func (c *chronicle) written(r *provisioning.Request) {
	k := c.requests[r.Number]
	before := k.request
	k.request = *r
	outstanding, between := r.RespondBy != nil, r.RetryAt != nil
	failed := r.Attempts - r.FreeAttempts
	switch {
	case r.State != k.state || r.Attempts != k.sent:
		c.t.Fatalf("%s is %s after %d attempts, and was told to be %s after %d", r.Number, r.State, r.Attempts, k.state, k.sent)
	case r.State.Ended() && !r.NewPIN.IsZero(), !r.State.Ended() && r.NewPIN.IsZero():
		c.t.Fatalf("%s is %s, and its PIN gone: %v", r.Number, r.State, r.NewPIN.IsZero())
	case (r.State == provisioning.Sent) != (outstanding != between):
		c.t.Fatalf("%s is %s: outstanding %v, between attempts %v", r.Number, r.State, outstanding, between)
	case failed > c.w.config.Policy.Attempts, between && failed >= c.w.config.Policy.Attempts && r.RetryAfterSum == 0 && r.FreeAttempts == 0:
		c.t.Fatalf("%s is %s after %d attempts that failed", r.Number, r.State, failed)
	case r.RejectedBy != nil && *r.RejectedBy == provisioning.RejectedByTimeout && failed != c.w.config.Policy.Attempts:
		c.t.Fatalf("%s is REJECTED by TIMEOUT after %d attempts that failed", r.Number, failed)
	case r.FreeAttempts < before.FreeAttempts || r.FreeAttempts > r.Attempts:
		c.t.Fatalf("%s has %d free attempts after %d", r.Number, r.FreeAttempts, before.FreeAttempts)
	case r.FreeAttempts > before.FreeAttempts && r.RetryAfterSum == before.RetryAfterSum && !c.w.config.Policy.Holds(r.Silence-1):
		c.t.Fatalf("%s: an attempt does not count, for no reason", r.Number)
	}
}

func (c *chronicle) forgotten(n provisioning.RequestNumber) {
	k := c.requests[n]
	if !k.state.Ended() || *k.request.ForgetAt > c.w.now {
		c.t.Fatalf("%s is forgotten, and is %s", n, k.state)
	}
	delete(c.requests, n)
}

// line are those of a card that have not ended, in their order.
func (c *chronicle) line(of *known) []*known {
	var line []*known
	for _, k := range c.requests {
		if k.request.SmartcardKey == of.request.SmartcardKey && !k.state.Ended() {
			line = append(line, k)
		}
	}
	slices.SortFunc(line, func(a, b *known) int {
		switch {
		case (a.state == provisioning.Sent) != (b.state == provisioning.Sent):
			if a.state == provisioning.Sent {
				return -1
			}
			return 1
		case a.request.DueAt != b.request.DueAt:
			return int(a.request.DueAt - b.request.DueAt)
		}
		return int(a.request.Number.Offset - b.request.Number.Offset)
	})
	return line
}

func (c *chronicle) head(of *known) *known { return c.line(of)[0] }

// urgent reports whether an immediate one waits in that line.
func (c *chronicle) urgent(of *known) bool {
	return slices.ContainsFunc(c.line(of), func(k *known) bool {
		return k.state == provisioning.Pending && k.request.ProcessImmediately
	})
}

// inFlight counts the SENT ones of a partition.
func (c *chronicle) inFlight(partition int32) (n int64) {
	for _, k := range c.requests {
		if k.state == provisioning.Sent && k.request.Number.Partition == partition {
			n++
		}
	}
	return n
}

// place is where a request stands after a step.
func (c *chronicle) place(k *known, now provisioning.Timestamp) store.Place {
	r := &k.request
	switch {
	case k.state.Ended():
		return store.ArmedAt(*r.ForgetAt)
	case c.head(k) != k:
		return store.ParkedPlace()
	case r.RespondBy != nil:
		return store.ArmedAt(*r.RespondBy)
	}
	at := r.DueAt
	if r.RetryAt != nil {
		at = *r.RetryAt
	}
	if at > now {
		return store.ArmedAt(at)
	}
	return store.ReadySince(at, c.urgent(k), k.state == provisioning.Sent)
}
