package provisioning

// Command is what the CRM asks for, as it came: it may break any rule (Rules.Judge says which). Exactly one of
// SetUserParameters and Cancel is not nil.
type Command struct {
	ID         string    // command_id: chosen by the sender, recognises a repeated command
	OccurredAt Timestamp // when the sender decided it
	Source     string    // who sent it

	SetUserParameters *SetUserParameters
	Cancel            *Cancel
}

// SetUserParameters asks for one PIN change on one smartcard, with the fields of the CRM's web method of that name. A
// nil field was not specified (absent or null).
type SetUserParameters struct {
	Subscription SubscriptionIdentifier
	Smartcard    SmartcardIdentifier

	ResetPIN *bool // reset the card's PIN to its default value, which only the headend knows
	NewPIN   *PIN  // the PIN to set on the card

	ProcessImmediately bool
	ScheduledDate      *Timestamp
}

// Cancel asks that a request which is still PENDING shall not be sent.
type Cancel struct {
	Number string // of the request; any text until it has been judged
}
