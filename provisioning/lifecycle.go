package provisioning

import (
	"strconv"
	"strings"
	"time"
)

// Policy is how requests are sent, and how long answers and ends are waited for.
type Policy struct {
	Results   bool          // whether the headend answers; if not, to send is to complete
	Timeout   time.Duration // how long an attempt may go without an answer
	Attempts  int32         // how many attempts may fail before the request is REJECTED
	Retention time.Duration // how long after its end a request is remembered

	RetryMin time.Duration // back-off before the second attempt; doubles with each further one
	RetryMax time.Duration

	InFlight   int64         // of a partition: no first attempt while so many of its requests are SENT; 0: no bound
	HoldAfter  int32         // of a partition: after so many time-outs in a row it sends nothing but probes; 0: never
	ProbeEvery time.Duration // how often a partition that is held sends one
}

// The policy's defaults.
const (
	DefaultTimeout    = time.Minute
	DefaultAttempts   = 3
	DefaultRetention  = 7 * 24 * time.Hour
	DefaultRetryMin   = time.Second
	DefaultRetryMax   = 5 * time.Minute
	DefaultInFlight   = 1000
	DefaultHoldAfter  = 20
	DefaultProbeEvery = 10 * time.Second
)

// Outcome is what a step in a request's life leads to outside: at most one smartcard command, and events, in order.
type Outcome struct {
	Command *SmartcardCommand
	Events  []Event
}

// The life cycle is the table in docs/contract.md, "Life cycle". Each of its rows is one of these functions:
//
//	from                what happens                                    function
//	–                   a valid command                                 NewRequest
//	–                   an invalid command                              Rules.Judge, RejectedEvent
//	–                   a command that already made a request           DuplicateEvent
//	PENDING             due, and may go                                 Request.Sendable, Policy.Send
//	PENDING             cancel                                          Policy.Cancel
//	any other           cancel                                          Policy.Cancel: not ok; RejectedCancelEvent
//	CANCELLED           the same cancel again                           Request.CancelledBy, DuplicateEvent
//	SENT                ACCEPTED, of any attempt                        Policy.Answer → accepted
//	SENT                REJECTED of the outstanding attempt, for good   Policy.Answer → reject
//	SENT                the same, retryable                             Policy.Answer → refused → retry, or reject
//	SENT                no answer in time                               Request.Overdue, Policy.TimeOut → retry, or reject
//	REJECTED            a late ACCEPTED                                 Policy.Answer → accepted
//	SENT and ends       any other result                                Policy.Answer: late, repeated
//	any                 a result for an attempt never made              Policy.Answer: unknown
//	ends                the retention has passed                        Request.Forgettable
//
// Each takes the request as it is and the time, changes the request, and returns what is to be published. None looks at
// the card's line, the pause or the headend's health: whether a request may be sent now is decided before Send is called.
// A test holds them against the table itself.

// Send hands the next attempt of a PENDING or SENT request to the headend: PENDING → SENT, or SENT → SENT. Where no
// results are read it is COMPLETED in the same breath.
func (p Policy) Send(r *Request, now Timestamp) Outcome {
	r.State = Sent
	r.Attempts++
	r.AttemptSentAt, r.RetryAt = &now, nil
	if r.ExecutedDate == nil {
		r.ExecutedDate = &now
	}
	command := &SmartcardCommand{
		RequestNumber: r.Number, Attempt: r.Attempts, Action: r.Action, NewPIN: r.NewPIN,
		Smartcard: r.Smartcard, Subscription: r.Subscription, IssuedAt: now,
	}
	if p.Results {
		respondBy := now.Add(p.Timeout)
		r.RespondBy, command.RespondBy = &respondBy, &respondBy
	}
	r.touch(now)
	events := []Event{r.event(RequestSent, now)}
	if !p.Results {
		p.end(r, Completed, now)
		events = append(events, r.event(RequestCompleted, now))
	}
	return Outcome{Command: command, Events: events}
}

// Cancel ends a PENDING request: PENDING → CANCELLED. The event names the cancelling command. In any other state ok is
// false and nothing has changed.
func (p Policy) Cancel(r *Request, c *CancelEntry, now Timestamp) (out Outcome, ok bool) {
	if r.State != Pending {
		return Outcome{}, false
	}
	r.CancelCommandID, r.CancelSource = &c.CommandID, &c.Source
	p.end(r, Cancelled, now)
	event := r.event(RequestCancelled, now)
	event.CommandID, event.Source = c.CommandID, c.Source
	return Outcome{Events: []Event{event}}, true
}

// CancelledBy reports whether it was the command of this entry that cancelled r.
func (r *Request) CancelledBy(c *CancelEntry) bool {
	return r.CancelCommandID != nil && *r.CancelCommandID == c.CommandID && *r.CancelSource == c.Source
}

// Forgettable reports whether the retention of an ended request has passed.
func (r *Request) Forgettable(now Timestamp) bool { return r.ForgetAt != nil && *r.ForgetAt <= now }

// end brings r to an end. Its PIN is of no use any more, so it is gone.
func (p Policy) end(r *Request, state State, now Timestamp) {
	forgetAt := now.Add(p.Retention)
	r.State, r.EndedAt, r.ForgetAt = state, &now, &forgetAt
	r.RespondBy, r.RetryAt, r.NewPIN = nil, nil, PIN{}
	r.touch(now)
}

// touch keeps when r last changed.
func (r *Request) touch(now Timestamp) { r.UpdatedAt = now }

// event makes the next event about r as it stands. The id is the request's number and how many events it has had, so
// that a step done again after a crash gives the same id.
func (r *Request) event(t EventType, now Timestamp) Event {
	r.Revision++
	number, immediate, created, due := r.Number, r.ProcessImmediately, r.CreatedAt, r.DueAt
	e := Event{
		ID:   number.String() + ":" + strconv.Itoa(int(r.Revision)),
		Type: t, OccurredAt: now, CommandID: r.CommandID, Source: r.Source,
		RequestNumber: &number, State: r.State,
		Subscription: r.Subscription, Smartcard: r.Smartcard, Action: r.Action,
		ProcessImmediately: &immediate, ScheduledDate: r.ScheduledDate, CreatedAt: &created, DueAt: &due,
		ExecutedDate: r.ExecutedDate, ReferenceNumber: r.ReferenceNumber,
		RejectedBy: r.RejectedBy, Errors: r.errors(),
	}
	if r.Attempts > 0 {
		attempt := r.Attempts
		e.Attempt = &attempt
	}
	return e
}

// errors returns the reason of a REJECTED request, with an empty code where the headend gave a description alone.
func (r *Request) errors() []Violation {
	if r.State != Rejected || r.ErrorCode == nil && r.ErrorDescription == nil {
		return nil
	}
	var v Violation
	if r.ErrorCode != nil {
		v.Code = Code(*r.ErrorCode)
	}
	if r.ErrorDescription != nil {
		v.Message = *r.ErrorDescription
	}
	return []Violation{v}
}

// DuplicateEvent says that the command whose entry stands at entry already made (or, a cancel, already cancelled) the
// request r. Where its content differs from the first one's, differs is what is wrong.
func DuplicateEvent(r *Request, entry RequestNumber, commandID, source string, differs bool, now Timestamp) Event {
	copied := *r // the duplicate is no event of the request's own: it must not count in its revision
	e := copied.event(CommandDuplicate, now)
	e.ID = entry.String() + ":duplicate"
	e.CommandID, e.Source = commandID, source
	e.Errors = nil
	if differs {
		e.Errors = []Violation{{Code: DuplicateDiffers, Message: "the content differs from that of the first command with this command_id"}}
	}
	return e
}

// RejectedEvent says that a command breaks rules. What it names is repeated as far as it can be: never a PIN, and long
// texts are cut.
func RejectedEvent(id string, c *Command, violations []Violation, now Timestamp) Event {
	by := RejectedByCommand
	e := Event{
		ID: id, Type: CommandRejected, OccurredAt: now, CommandID: excerpt(c.ID), Source: excerpt(c.Source),
		RejectedBy: &by, Errors: violations,
	}
	if s := c.SetUserParameters; s != nil {
		immediate := s.ProcessImmediately
		e.Subscription = SubscriptionIdentifier{ID: excerptOptional(s.Subscription.ID), Number: excerptOptional(s.Subscription.Number)}
		e.Smartcard = SmartcardIdentifier{
			ID: excerptOptional(s.Smartcard.ID), SerialNumber: excerptOptional(s.Smartcard.SerialNumber),
			AlternativeCode: excerptOptional(s.Smartcard.AlternativeCode),
		}
		e.ProcessImmediately, e.ScheduledDate = &immediate, writableDate(s.ScheduledDate)
	}
	return e
}

// RejectedCancelEvent says why a cancel that dispatch judged cannot be done. r is the request, nil where there is none.
func RejectedCancelEvent(r *Request, entry RequestNumber, c *CancelEntry, now Timestamp) Event {
	by, field := RejectedByCommand, "number"
	e := Event{Type: CommandRejected, OccurredAt: now}
	v := UnknownRequest()
	if r != nil {
		copied := *r
		e = copied.event(CommandRejected, now)
		v = Violation{Code: RequestNotPending, Field: &field, Message: "the request is " + string(r.State)}
	}
	e.ID = entry.String() + ":cancel"
	e.CommandID, e.Source = c.CommandID, c.Source
	e.RejectedBy, e.Errors = &by, []Violation{v}
	return e
}

// EventText returns a command's id or source as events repeat it: as it is where it keeps the rules, else cut and made
// writable.
func EventText(s string) string { return excerpt(s) }

// excerpt cuts a text that may be of any length and content to what an event may carry.
func excerpt(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	n := 0
	for i := range s {
		if n++; n > maxNameLength {
			return s[:i]
		}
	}
	return s
}

func excerptOptional(s *string) *string {
	if s == nil {
		return nil
	}
	cut := excerpt(*s)
	return &cut
}

// writableDate leaves out a date that RFC 3339 cannot write.
func writableDate(t *Timestamp) *Timestamp {
	if t == nil || *t < EarliestTimestamp || *t > LatestTimestamp {
		return nil
	}
	return t
}
