package provisioning

// EventType says what happened.
type EventType string

// The event types. A set that may grow, and so a string on the wire.
const (
	RequestPending   EventType = "REQUEST_PENDING"
	RequestSent      EventType = "REQUEST_SENT"
	RequestCompleted EventType = "REQUEST_COMPLETED"
	RequestRejected  EventType = "REQUEST_REJECTED"
	RequestCancelled EventType = "REQUEST_CANCELLED"
	CommandRejected  EventType = "COMMAND_REJECTED"
	CommandDuplicate EventType = "COMMAND_DUPLICATE"
)

// Event is one life cycle event, as the CRM reads it. It never carries a PIN. Pointers and the zero strings of State and
// Action are null on the wire.
type Event struct {
	ID         string
	Type       EventType
	OccurredAt Timestamp
	CommandID  string
	Source     string

	RequestNumber *RequestNumber // nil for a command that never became a request
	State         State
	Attempt       *int32

	Subscription       SubscriptionIdentifier
	Smartcard          SmartcardIdentifier
	Action             Action
	ProcessImmediately *bool
	ScheduledDate      *Timestamp
	CreatedAt          *Timestamp
	DueAt              *Timestamp
	ExecutedDate       *Timestamp
	ReferenceNumber    *string

	RejectedBy *Rejecter
	Errors     []Violation
}
