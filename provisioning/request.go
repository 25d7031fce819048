package provisioning

// State is where a request stands in its life cycle: PENDING → SENT → COMPLETED | REJECTED, and PENDING → CANCELLED.
type State string

// The states. A set that may grow, and so a string on the wire.
const (
	Pending   State = "PENDING"
	Sent      State = "SENT"
	Completed State = "COMPLETED"
	Rejected  State = "REJECTED"
	Cancelled State = "CANCELLED"
)

// States are all of them, in the order of the life cycle.
var States = []State{Pending, Sent, Completed, Rejected, Cancelled}

// Ended reports whether s is an end of the life cycle.
func (s State) Ended() bool { return s == Completed || s == Rejected || s == Cancelled }

// Action is what the headend is asked to do to the card.
type Action string

// The actions: a closed set.
const (
	ResetPIN Action = "RESET_PIN"
	SetPIN   Action = "SET_PIN"
)

// Rejecter is who rejected a command or a request.
type Rejecter string

// The rejecters: a closed set.
const (
	RejectedByCommand Rejecter = "COMMAND" // the command broke a rule
	RejectedByHeadend Rejecter = "HEADEND" // the headend refused
	RejectedByTimeout Rejecter = "TIMEOUT" // the headend did not answer
)

// Request is a provisioning request: what an accepted command became, one PIN change for one smartcard. It is the value
// of the provisioning.state topic and of the local store. Pointers are nil where the contract's field is null.
type Request struct {
	Number       RequestNumber
	CommandID    string
	Source       string
	Subscription SubscriptionIdentifier
	Smartcard    SmartcardIdentifier
	SmartcardKey SmartcardKey // of Smartcard; kept because every index needs it

	Action             Action
	NewPIN             PIN    // of SET_PIN, and only until the request has its end
	ContentDigest      []byte // of the command's content, keyed (Digester); nil without a key. Recognises a differing duplicate once the PIN is gone
	ProcessImmediately bool
	ScheduledDate      *Timestamp

	CommandAppendedAt Timestamp // when the command stood in provisioning.commands (the broker's clock)
	CreatedAt         Timestamp
	DueAt             Timestamp
	UpdatedAt         Timestamp
	ExecutedDate      *Timestamp // first sent
	EndedAt           *Timestamp // when it reached the end that it has now
	ForgetAt          *Timestamp // when it may be forgotten; set with EndedAt

	State           State
	Revision        int32      // how many events have been published about it; part of each event's id
	Attempts        int32      // attempts made: 0 before the first
	FreeAttempts    int32      // those of them that do not count against the most allowed: the headend asked for a pause, or was held
	AttemptSentAt   *Timestamp // when the last attempt was sent
	RespondBy       *Timestamp // when the outstanding attempt's answer is late; nil: no attempt is outstanding, or no answer is awaited
	RetryAt         *Timestamp // when the next attempt is to go; nil where none is planned
	RetryAfterSum   int64      // milliseconds of pause that the headend has asked for so far
	ReferenceNumber *string    // the headend's own

	// How many attempts in a row the headend had left unanswered in this partition when this was written. Of a request
	// between attempts it also says how its last attempt ended: by a time-out (1 and more) or by a refusal (0).
	Silence int32

	RejectedBy       *Rejecter
	ErrorCode        *string
	ErrorDescription *string

	CancelCommandID *string // of the command that cancelled it, so that a repeated one is recognised
	CancelSource    *string
}

// LineOrder reports how r stands to o in the line of their card: a negative number where r goes first. What is SENT
// stands at the head (the card is busy with it), then by (due, number).
func (r *Request) LineOrder(o *Request) int {
	return compareLine(r.State == Sent, r.DueAt, r.Number, o.State == Sent, o.DueAt, o.Number)
}

// Outstanding reports whether an attempt of r waits for the headend's answer.
func (r *Request) Outstanding() bool { return r.State == Sent && r.RetryAt == nil }

// DueAtCreation reports whether r was due when it was created: it was to go at once, or its date was past.
func (r *Request) DueAtCreation() bool { return r.DueAt <= r.CreatedAt }

// Sendable reports whether the next attempt of r is to be made at the time now, if it stands at the head of its card's
// line: it is PENDING and due, or between attempts and its back-off has passed. What was due at its creation is so at any
// time: the clock that dated it may have been ahead of this one.
func (r *Request) Sendable(now Timestamp) bool {
	switch r.State {
	case Pending:
		return r.DueAt <= now || r.DueAtCreation()
	case Sent:
		return r.RetryAt != nil && *r.RetryAt <= now
	}
	return false
}

// SentAt returns when an attempt was made, as far as that is kept: of the first and of the last one; else nil.
func (r *Request) SentAt(attempt int32) *Timestamp {
	switch attempt {
	case r.Attempts:
		return r.AttemptSentAt
	case 1:
		return r.ExecutedDate
	}
	return nil
}

// Overdue reports whether the answer to the outstanding attempt is late.
func (r *Request) Overdue(now Timestamp) bool { return r.RespondBy != nil && *r.RespondBy <= now }
