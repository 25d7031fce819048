package provisioning

// SmartcardCommand is what a headend adapter is told to do: one attempt of one request. The pair of RequestNumber and
// Attempt is unique for ever.
type SmartcardCommand struct {
	RequestNumber RequestNumber
	Attempt       int32 // 1, 2, …
	Action        Action
	NewPIN        PIN // of SET_PIN
	Smartcard     SmartcardIdentifier
	Subscription  SubscriptionIdentifier
	IssuedAt      Timestamp
	RespondBy     *Timestamp // nil where no results are read
}

// ResponseStatus is the headend's answer in one word.
type ResponseStatus string

// The answers: a closed set.
const (
	ResponseAccepted ResponseStatus = "ACCEPTED"
	ResponseRejected ResponseStatus = "REJECTED"
)

// Result is the headend's answer to one attempt, as its adapter gave it.
type Result struct {
	RequestNumber    string // any text until it has been judged
	Attempt          int32
	Status           ResponseStatus
	Retryable        bool // for REJECTED: the headend may accept it later
	ReferenceNumber  *string
	ErrorCode        *string
	ErrorDescription *string
	RetryAfter       *int64 // milliseconds; for retryable: the headend asks for a pause
	RespondedAt      Timestamp
}
