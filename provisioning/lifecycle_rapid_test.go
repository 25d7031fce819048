package provisioning_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardstream/provisioning"
)

// However results, cancels and the clock come, these hold of a request's life.
func TestLifeCycleInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		twin := *m.r // lives the same life: what is done again must come out the same
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			step := m.draw(t)
			before := *m.r
			outcome := step.do(m.policy, m.r, m.now)
			again := step.do(m.policy, &twin, m.now)
			if !reflect.DeepEqual(outcome, again) || !reflect.DeepEqual(*m.r, twin) {
				t.Fatalf("%s done again:\n%+v\n%+v", step.name, outcome, again)
			}
			m.check(t, step.name, &before, outcome)
		}
	})
}

// machine is a request, and what is remembered of its life to judge it.
type machine struct {
	policy   provisioning.Policy
	r        *provisioning.Request
	now      provisioning.Timestamp
	events   map[string]bool // ids
	commands int32
}

func newMachine(t *rapid.T) *machine {
	ms := func(name string, low, high int) time.Duration {
		return time.Duration(rapid.IntRange(low, high).Draw(t, name)) * time.Millisecond
	}
	p := provisioning.Policy{
		Results: rapid.Bool().Draw(t, "results"), Timeout: ms("timeout", 1, 120_000),
		Attempts:  int32(rapid.IntRange(1, 6).Draw(t, "attempts")),
		HoldAfter: int32(rapid.IntRange(0, 4).Draw(t, "hold after")),
		Retention: ms("retention", 0, 1_000_000), RetryMin: ms("min", 1, 5_000),
	}
	p.RetryMax = p.RetryMin + ms("max over min", 0, 300_000)
	entry := valid().Create(start)
	entry.NewPIN = provisioning.NewPIN(secret)
	if rapid.Bool().Draw(t, "reset") {
		entry.Action, entry.NewPIN = provisioning.ResetPIN, provisioning.PIN{}
	}
	card, _ := entry.Smartcard.Key()
	number := provisioning.RequestNumber{Partition: 3, Offset: rapid.Int64Range(0, 1<<40).Draw(t, "offset")}
	r, event := provisioning.NewRequest(entry, number, card, provisioning.Digester{}, start)
	return &machine{policy: p, r: r, now: start, events: map[string]bool{event.ID: true}}
}

// lifeStep is one thing that happens to the request.
type lifeStep struct {
	name string
	do   func(p provisioning.Policy, r *provisioning.Request, now provisioning.Timestamp) provisioning.Outcome
}

// draw moves the clock and picks what happens; the clock's own steps only where dispatch would take them.
func (m *machine) draw(t *rapid.T) lifeStep {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 400_000).Draw(t, "later")) * time.Millisecond)
	if rapid.Bool().Draw(t, "clock") {
		if m.r.Overdue(m.now) {
			silence := int32(rapid.IntRange(1, 5).Draw(t, "silence"))
			return lifeStep{"time-out", func(p provisioning.Policy, r *provisioning.Request, now provisioning.Timestamp) provisioning.Outcome {
				return p.TimeOut(r, silence, now)
			}}
		}
		if m.r.Sendable(m.now) {
			return lifeStep{"send", func(p provisioning.Policy, r *provisioning.Request, now provisioning.Timestamp) provisioning.Outcome {
				return p.Send(r, now)
			}}
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "cancel") == 0 {
		return lifeStep{"cancel", func(p provisioning.Policy, r *provisioning.Request, now provisioning.Timestamp) provisioning.Outcome {
			out, _ := p.Cancel(r, &provisioning.CancelEntry{CommandID: "x", Source: "crm", Number: r.Number}, now)
			return out
		}}
	}
	res := drawResult(t, m.r.Attempts)
	return lifeStep{fmt.Sprintf("%s of %d", res.Status, res.Attempt),
		func(p provisioning.Policy, r *provisioning.Request, now provisioning.Timestamp) provisioning.Outcome {
			out, _ := p.Answer(r, res, now)
			return out
		}}
}

func drawResult(t *rapid.T, attempts int32) *provisioning.Result {
	text := rapid.SampledFrom([]*string{nil, new("BUSY"), new("pin " + secret), new(strings.Repeat("x", 250) + secret)})
	res := &provisioning.Result{
		Attempt: int32(rapid.IntRange(0, int(attempts)+1).Draw(t, "attempt")), Status: provisioning.ResponseRejected,
		Retryable:       rapid.Bool().Draw(t, "retryable"),
		ReferenceNumber: text.Draw(t, "ref"), ErrorCode: text.Draw(t, "code"), ErrorDescription: text.Draw(t, "text"),
	}
	if rapid.IntRange(0, 3).Draw(t, "accepted") == 0 {
		res.Status = provisioning.ResponseAccepted
	}
	if rapid.Bool().Draw(t, "asks for a pause") {
		res.RetryAfter = new(rapid.Int64Range(-1, 5*3_600_000).Draw(t, "pause"))
	}
	return res
}

func (m *machine) check(t *rapid.T, step string, before *provisioning.Request, o provisioning.Outcome) {
	m.checkStates(t, step, before)
	m.checkOutcome(t, step, before, o)
	m.checkAttempts(t, step, before)
	m.checkSecrecy(t, step, o)
}

// checkStates: an end stays an end, but for the late ACCEPTED; nothing that ended waits for anything but to be forgotten.
func (m *machine) checkStates(t *rapid.T, step string, before *provisioning.Request) {
	legal := map[provisioning.State]string{
		provisioning.Pending: "PENDING SENT COMPLETED CANCELLED", provisioning.Sent: "SENT COMPLETED REJECTED",
		provisioning.Rejected: "REJECTED COMPLETED", provisioning.Completed: "COMPLETED", provisioning.Cancelled: "CANCELLED",
	}
	r := m.r
	if !strings.Contains(legal[before.State], string(r.State)) {
		t.Fatalf("%s: %s became %s", step, before.State, r.State)
	}
	if before.State == provisioning.Rejected && r.State == provisioning.Completed && !strings.HasPrefix(step, "ACCEPTED") {
		t.Fatalf("%s: REJECTED became COMPLETED", step)
	}
	ended := r.State.Ended()
	if ended != (r.EndedAt != nil) || ended != (r.ForgetAt != nil) || ended && (r.RespondBy != nil || r.RetryAt != nil) {
		t.Fatalf("%s: %+v", step, r)
	}
	if (r.State == provisioning.Rejected) != (r.RejectedBy != nil) {
		t.Fatalf("%s: %s, rejected by %v", step, r.State, r.RejectedBy)
	}
	if r.Outstanding() == (r.State != provisioning.Sent || r.RetryAt != nil) {
		t.Fatalf("%s: outstanding %v", step, r.Outstanding())
	}
}

// checkOutcome: each event has an id of its own and counts in the revision; each command is the next attempt.
func (m *machine) checkOutcome(t *rapid.T, step string, before *provisioning.Request, o provisioning.Outcome) {
	r := m.r
	for _, e := range o.Events {
		if m.events[e.ID] {
			t.Fatalf("%s: event %s twice", step, e.ID)
		}
		m.events[e.ID] = true
		if *e.RequestNumber != r.Number || e.OccurredAt != m.now {
			t.Fatalf("%s: event %+v", step, e)
		}
	}
	if n := int32(len(o.Events)); r.Revision != before.Revision+n || n > 0 && o.Events[n-1].State != r.State {
		t.Fatalf("%s: %d events, revision %d after %d, state %s", step, n, r.Revision, before.Revision, r.State)
	}
	if (before.State != r.State) && len(o.Events) == 0 {
		t.Fatalf("%s: %s became %s, and nobody is told", step, before.State, r.State)
	}
	if c := o.Command; c != nil {
		m.commands++
		if c.Attempt != m.commands || c.RequestNumber != r.Number || (c.RespondBy != nil) != m.policy.Results {
			t.Fatalf("%s: command %+v is the %dth", step, c, m.commands)
		}
		if c.NewPIN.IsZero() != (c.Action == provisioning.ResetPIN) {
			t.Fatalf("%s: %s with PIN %v", step, c.Action, !c.NewPIN.IsZero())
		}
	}
	if r.Attempts != m.commands {
		t.Fatalf("%s: %d attempts, %d commands", step, r.Attempts, m.commands)
	}
}

// checkAttempts: at most so many attempts count, at most a day of pauses, and the back-off keeps its bounds.
func (m *machine) checkAttempts(t *rapid.T, step string, before *provisioning.Request) {
	r := m.r
	if r.FreeAttempts < 0 || r.FreeAttempts > r.Attempts || r.Attempts-r.FreeAttempts > m.policy.Attempts {
		t.Fatalf("%s: %d attempts, %d of them free, of %d", step, r.Attempts, r.FreeAttempts, m.policy.Attempts)
	}
	pause := time.Duration(r.RetryAfterSum-before.RetryAfterSum) * time.Millisecond
	if pause < 0 || pause > time.Hour || r.RetryAfterSum > (24*time.Hour).Milliseconds() {
		t.Fatalf("%s: a pause of %s, %d ms so far", step, pause, r.RetryAfterSum)
	}
	held := step == "time-out" && m.policy.Holds(r.Silence-1)
	if (pause > 0 || held) != (r.FreeAttempts > before.FreeAttempts) {
		t.Fatalf("%s: a pause of %s, free attempts %d after %d", step, pause, r.FreeAttempts, before.FreeAttempts)
	}
	if r.RetryAt == nil || before.RetryAt != nil {
		return
	}
	wait := r.RetryAt.Sub(m.now)
	if wait < max(m.policy.RetryMin, pause) || wait > max(m.policy.RetryMax, pause) {
		t.Fatalf("%s: next attempt after %s, not within %s and %s or %s", step, wait, m.policy.RetryMin, m.policy.RetryMax, pause)
	}
}

// checkSecrecy: the PIN is in the command and, until the end, in the request; nowhere else.
func (m *machine) checkSecrecy(t *rapid.T, step string, o provisioning.Outcome) {
	r := m.r
	if r.NewPIN.IsZero() != (r.State.Ended() || r.Action == provisioning.ResetPIN) {
		t.Fatalf("%s: %s, PIN kept: %v", step, r.State, !r.NewPIN.IsZero())
	}
	for _, e := range o.Events {
		if r.Action == provisioning.SetPIN && leaks(printed(e)) {
			t.Fatalf("%s: the event repeats the PIN: %s", step, printed(e))
		}
	}
	for _, text := range []*string{r.ReferenceNumber, r.ErrorCode, r.ErrorDescription} {
		if r.Action == provisioning.SetPIN && text != nil && leaks(*text) {
			t.Fatalf("%s: the request keeps the PIN in %q", step, *text)
		}
	}
}

// printed follows the pointers of an event, as a codec does.
func printed(e provisioning.Event) string {
	return fmt.Sprintf("%+v %+v %v", e, e.Errors, optionalText(" ", e.ReferenceNumber))
}
