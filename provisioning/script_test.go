package provisioning_test

import (
	"fmt"
	"testing"
	"time"

	"cardstream/internal/scripttest"
	"cardstream/provisioning"
)

// The scripts of testdata are the life cycle of one request, row by row as docs/contract.md has it.
func TestLifeCycle(t *testing.T) {
	scripttest.Each(t, "testdata", func(t *testing.T, path string) {
		scripttest.Run(t, path, newLife().do)
	})
}

// start is when every script begins.
const start provisioning.Timestamp = 1798761600000 // 2027-01-01T00:00:00Z

// life drives one request as dispatch does: what comes in is applied, what the clock asks for is done.
type life struct {
	policy   provisioning.Policy
	digester provisioning.Digester
	now      provisioning.Timestamp
	entry    provisioning.RequestNumber // of the last entry
	request  *provisioning.Request      // nil before it was created, and when it has been forgotten
	print    printer
}

func newLife() *life {
	return &life{
		policy: provisioning.Policy{
			Results: true, Timeout: provisioning.DefaultTimeout, Attempts: provisioning.DefaultAttempts,
			Retention: provisioning.DefaultRetention,
			RetryMin:  provisioning.DefaultRetryMin, RetryMax: provisioning.DefaultRetryMax,
		},
		now: start, entry: provisioning.RequestNumber{Partition: 3, Offset: 1041},
	}
}

// do is the scripts' interpreter.
func (l *life) do(t *testing.T, line string) []string {
	words := scripttest.Split(line)
	defer words.Done(t)
	switch words.Verb {
	case "policy": // results=off timeout=1m attempts=3 retention=7d min=1s max=5m
		l.policy.Results = words.Text("results", "on") == "on"
		l.policy.Timeout = words.Duration(t, "timeout", l.policy.Timeout)
		l.policy.Attempts = int32(number(t, words.Text("attempts", "3")))
		l.policy.Retention = words.Duration(t, "retention", l.policy.Retention)
		l.policy.RetryMin = words.Duration(t, "min", l.policy.RetryMin)
		l.policy.RetryMax = words.Duration(t, "max", l.policy.RetryMax)
		return nil
	case "key": // text=…: the digester's
		l.digester = provisioning.NewDigester([]byte(words.Text("text", "")))
		return nil
	case "show": // everything: all fields of events and commands from here on
		l.print.everything = words.Has("everything")
		return nil
	case "create": // reset or pin=4321, immediate, date=1h, command=c-1, source=crm, subscription=S-1
		return l.create(t, words)
	case "again": // the same arguments: a command with the ids of the first one
		return l.again(t, words)
	case "wait": // and the duration: does what the clock asks for in it, each at its moment
		return l.wait(scripttest.Duration(t, words.First))
	case "cancel": // command=x-1, source=crm
		return l.cancel(words)
	case "accept", "reject", "refuse": // attempt=1, ref=…, code=…, text=…; refuse: after=90s
		return l.answer(t, words)
	case "pauses": // n=23: so often the headend asks for a pause of an hour, and gets it; only the end is shown
		var last []string
		for range number(t, words.Text("n", "1")) {
			l.do(t, fmt.Sprintf("refuse attempt=%d after=1h", l.request.Attempts))
			last = l.do(t, "wait 1h")
		}
		return last
	}
	t.Fatalf("unknown verb in %q", line)
	return nil
}

func (l *life) nextEntry() provisioning.RequestNumber {
	l.entry.Offset++
	return l.entry
}

func (l *life) create(t *testing.T, words scripttest.Words) []string {
	e := l.createEntry(t, words)
	card, ok := e.Smartcard.Key()
	if !ok {
		t.Fatal("the entry names no card")
	}
	r, event := provisioning.NewRequest(e, l.nextEntry(), card, l.digester, l.now)
	l.request = r
	out := l.print.outcome(provisioning.Outcome{Events: []provisioning.Event{event}})
	if r.ProcessImmediately {
		out = append(out, l.act()...)
	}
	return append(out, l.print.request(r))
}

func (l *life) again(t *testing.T, words scripttest.Words) []string {
	e := l.createEntry(t, words)
	if l.request == nil {
		t.Fatal("there is no first command")
	}
	differs := l.request.Differs(e, l.digester)
	event := provisioning.DuplicateEvent(l.request, l.nextEntry(), e.CommandID, e.Source, differs, l.now)
	return append(l.print.outcome(provisioning.Outcome{Events: []provisioning.Event{event}}), l.print.request(l.request))
}

func (l *life) createEntry(t *testing.T, words scripttest.Words) *provisioning.CreateEntry {
	set := &provisioning.SetUserParameters{
		Subscription:       provisioning.SubscriptionIdentifier{Number: new(words.Text("subscription", "S-1001"))},
		Smartcard:          provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")},
		ProcessImmediately: words.Has("immediate"),
	}
	if digits := words.Optional("pin"); digits != nil {
		set.NewPIN = new(provisioning.NewPIN(*digits))
	} else {
		set.ResetPIN = new(words.Has("reset"))
	}
	if words.Has("date") {
		set.ScheduledDate = new(l.now.Add(words.Duration(t, "date", 0)))
	}
	c := provisioning.Command{
		ID: words.Text("command", "c-1"), Source: words.Text("source", "crm"), OccurredAt: l.now, SetUserParameters: set,
	}
	if wrong := defaultRules(t).Judge(&c, l.now); len(wrong) > 0 {
		t.Fatalf("the command is not valid: %v", wrong)
	}
	return c.Create(l.now - 5)
}

func (l *life) cancel(words scripttest.Words) []string {
	c := &provisioning.CancelEntry{
		CommandID: words.Text("command", "x-1"), Source: words.Text("source", "crm"), AppendedAt: l.now,
		Number: provisioning.RequestNumber{Partition: 3, Offset: 1042},
	}
	entry := l.nextEntry()
	var outcome provisioning.Outcome
	if r := l.request; r != nil && r.CancelledBy(c) {
		outcome.Events = []provisioning.Event{
			provisioning.DuplicateEvent(r, entry, c.CommandID, c.Source, false, l.now),
		}
	} else if r == nil || !l.tryCancel(c, &outcome) {
		outcome.Events = []provisioning.Event{provisioning.RejectedCancelEvent(r, entry, c, l.now)}
	}
	return append(l.print.outcome(outcome), l.print.request(l.request))
}

func (l *life) tryCancel(c *provisioning.CancelEntry, outcome *provisioning.Outcome) (ok bool) {
	*outcome, ok = l.policy.Cancel(l.request, c, l.now)
	return ok
}

func (l *life) answer(t *testing.T, words scripttest.Words) []string {
	res := &provisioning.Result{
		RequestNumber: "3-1042", Attempt: int32(number(t, words.Text("attempt", "1"))),
		Status: provisioning.ResponseRejected, Retryable: words.Verb == "refuse",
		ReferenceNumber: words.Optional("ref"), ErrorCode: words.Optional("code"), ErrorDescription: words.Optional("text"),
		RespondedAt: l.now,
	}
	if words.Verb == "accept" {
		res.Status = provisioning.ResponseAccepted
	}
	if words.Has("after") {
		res.RetryAfter = new(words.Duration(t, "after", 0).Milliseconds())
	}
	outcome, reading := l.policy.Answer(l.request, res, l.now)
	out := append([]string{"read as " + string(reading)}, l.print.outcome(outcome)...)
	return append(out, l.print.request(l.request))
}

// wait moves the clock from one moment at which something is to be done to the next.
func (l *life) wait(d time.Duration) []string {
	var out []string
	end := l.now.Add(d)
	for at := l.wakeAt(); l.request != nil && at <= end; at = l.wakeAt() {
		l.now = max(l.now, at)
		out = append(out, l.act()...)
	}
	l.now = end
	return append(out, l.print.request(l.request))
}

// never is a wake time that does not come.
const never = provisioning.LatestTimestamp

// wakeAt is when the clock asks for something next.
func (l *life) wakeAt() provisioning.Timestamp {
	switch r := l.request; {
	case r == nil:
	case r.ForgetAt != nil:
		return *r.ForgetAt
	case r.RetryAt != nil:
		return *r.RetryAt
	case r.RespondBy != nil:
		return *r.RespondBy
	case r.State == provisioning.Pending:
		return r.DueAt
	}
	return never
}

// act does what the clock asks for now.
func (l *life) act() []string {
	switch r := l.request; {
	case r.Forgettable(l.now):
		l.request = nil
		return []string{l.print.at(l.now) + " forgotten"}
	case r.Overdue(l.now):
		return l.print.outcome(l.policy.TimeOut(r, 1, l.now))
	case r.Sendable(l.now):
		return l.print.outcome(l.policy.Send(r, l.now))
	}
	return []string{"nothing to do"}
}
