package schemas

import "cardstream/provisioning"

// smartcardCommandWire is SmartcardCommand.
type smartcardCommandWire struct {
	RequestNumber string                  `avro:"request_number"`
	Attempt       int32                   `avro:"attempt"`
	Action        provisioning.Action     `avro:"action"`
	NewPIN        *string                 `avro:"new_pin"`
	Smartcard     smartcardWire           `avro:"smartcard_identifier"`
	Subscription  subscriptionWire        `avro:"subscription_identifier"`
	IssuedAt      provisioning.Timestamp  `avro:"issued_at"`
	RespondBy     *provisioning.Timestamp `avro:"respond_by"`

	pin string // where NewPIN points when a command is written
}

func smartcardCommandForm() form[provisioning.SmartcardCommand] {
	return formOf(recordSmartcardCommand, fillSmartcardCommand, takeSmartcardCommand)
}

func fillSmartcardCommand(w *smartcardCommandWire, c *provisioning.SmartcardCommand) error {
	*w = smartcardCommandWire{
		RequestNumber: c.RequestNumber.String(),
		Attempt:       c.Attempt,
		Action:        c.Action,
		Smartcard:     smartcardWire(c.Smartcard),
		Subscription:  subscriptionWire(c.Subscription),
		IssuedAt:      c.IssuedAt,
		RespondBy:     c.RespondBy,
	}
	w.NewPIN = optional(&w.pin, c.NewPIN.Reveal())
	return nil
}

func takeSmartcardCommand(w *smartcardCommandWire) (provisioning.SmartcardCommand, error) {
	number, err := parseNumber(recordSmartcardCommand, w.RequestNumber)
	if err != nil {
		return provisioning.SmartcardCommand{}, err
	}
	return provisioning.SmartcardCommand{
		RequestNumber: number,
		Attempt:       w.Attempt,
		Action:        w.Action,
		NewPIN:        provisioning.NewPIN(orZero(w.NewPIN)),
		Smartcard:     provisioning.SmartcardIdentifier(w.Smartcard),
		Subscription:  provisioning.SubscriptionIdentifier(w.Subscription),
		IssuedAt:      w.IssuedAt,
		RespondBy:     w.RespondBy,
	}, nil
}

// resultWire is SmartcardResult; field for field provisioning.Result.
type resultWire struct {
	RequestNumber    string                      `avro:"request_number"`
	Attempt          int32                       `avro:"attempt"`
	Status           provisioning.ResponseStatus `avro:"response_status"`
	Retryable        bool                        `avro:"retryable"`
	ReferenceNumber  *string                     `avro:"reference_number"`
	ErrorCode        *string                     `avro:"error_code"`
	ErrorDescription *string                     `avro:"error_description"`
	RetryAfter       *int64                      `avro:"retry_after_ms"`
	RespondedAt      provisioning.Timestamp      `avro:"responded_at"`
}

func resultForm() form[provisioning.Result] {
	return formOf(recordResult,
		func(w *resultWire, r *provisioning.Result) error { *w = resultWire(*r); return nil },
		func(w *resultWire) (provisioning.Result, error) { return provisioning.Result(*w), nil })
}
