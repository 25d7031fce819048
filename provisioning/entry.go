package provisioning

// Entry is what intake hands to dispatch through provisioning.requests: something that happened, in the order in which
// it shall count. Exactly one of the three pointers is not nil.
type Entry struct {
	Create *CreateEntry // a valid command: a request to create, or a duplicate
	Cancel *CancelEntry // a cancel of a request in this partition
	Result *ResultEntry // the headend's answer about a request in this partition
}

// CreateEntry is a valid set-user-parameters command.
type CreateEntry struct {
	CommandID          string
	Source             string
	Subscription       SubscriptionIdentifier
	Smartcard          SmartcardIdentifier
	Action             Action
	NewPIN             PIN // of SET_PIN
	ProcessImmediately bool
	ScheduledDate      *Timestamp
	AppendedAt         Timestamp // when the command stood in provisioning.commands
}

// CancelEntry is a cancel whose number can be one of this partition's requests.
type CancelEntry struct {
	CommandID  string
	Source     string
	Number     RequestNumber
	AppendedAt Timestamp
}

// ResultEntry is the headend's answer to an attempt, and where it stood: what cannot be applied goes to the dead letters
// from dispatch, as its own bytes.
type ResultEntry struct {
	Result Result
	Origin Origin
}

// Origin is where a record stood that intake routed on, and its bytes.
type Origin struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp Timestamp
	Key       []byte
	Value     []byte
}
