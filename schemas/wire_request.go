package schemas

import "cardstream/provisioning"

// requestWire is ProvisioningRequest.
type requestWire struct {
	Number       string                    `avro:"number"`
	CommandID    string                    `avro:"command_id"`
	Source       string                    `avro:"source"`
	Subscription subscriptionWire          `avro:"subscription_identifier"`
	Smartcard    smartcardWire             `avro:"smartcard_identifier"`
	SmartcardKey provisioning.SmartcardKey `avro:"smartcard_key"`

	Action             provisioning.Action     `avro:"action"`
	NewPIN             *string                 `avro:"new_pin"`
	ContentDigest      []byte                  `avro:"content_digest"`
	ProcessImmediately bool                    `avro:"process_immediately"`
	ScheduledDate      *provisioning.Timestamp `avro:"scheduled_date"`

	CommandAppendedAt provisioning.Timestamp  `avro:"command_appended_at"`
	CreatedAt         provisioning.Timestamp  `avro:"created_at"`
	DueAt             provisioning.Timestamp  `avro:"due_at"`
	UpdatedAt         provisioning.Timestamp  `avro:"updated_at"`
	ExecutedDate      *provisioning.Timestamp `avro:"executed_date"`
	EndedAt           *provisioning.Timestamp `avro:"ended_at"`
	ForgetAt          *provisioning.Timestamp `avro:"forget_at"`

	State           provisioning.State      `avro:"life_cycle_state"`
	Revision        int32                   `avro:"revision"`
	Attempts        int32                   `avro:"attempts"`
	FreeAttempts    int32                   `avro:"free_attempts"`
	AttemptSentAt   *provisioning.Timestamp `avro:"attempt_sent_at"`
	RespondBy       *provisioning.Timestamp `avro:"respond_by"`
	RetryAt         *provisioning.Timestamp `avro:"retry_at"`
	RetryAfterSum   int64                   `avro:"retry_after_sum_ms"`
	ReferenceNumber *string                 `avro:"reference_number"`
	Silence         int32                   `avro:"headend_silence"`

	RejectedBy       *provisioning.Rejecter `avro:"rejected_by"`
	ErrorCode        *string                `avro:"error_code"`
	ErrorDescription *string                `avro:"error_description"`

	CancelCommandID *string `avro:"cancel_command_id"`
	CancelSource    *string `avro:"cancel_source"`

	pin string // where NewPIN points when a request is written
}

func stateForm() form[provisioning.Request] {
	return formOf(recordState, fillRequest, takeRequest)
}

func fillRequest(w *requestWire, r *provisioning.Request) error {
	*w = requestWire{
		Number:             r.Number.String(),
		CommandID:          r.CommandID,
		Source:             r.Source,
		Subscription:       subscriptionWire(r.Subscription),
		Smartcard:          smartcardWire(r.Smartcard),
		SmartcardKey:       r.SmartcardKey,
		Action:             r.Action,
		ContentDigest:      r.ContentDigest,
		ProcessImmediately: r.ProcessImmediately,
		ScheduledDate:      r.ScheduledDate,
		CommandAppendedAt:  r.CommandAppendedAt,
		CreatedAt:          r.CreatedAt,
		DueAt:              r.DueAt,
		UpdatedAt:          r.UpdatedAt,
		ExecutedDate:       r.ExecutedDate,
		EndedAt:            r.EndedAt,
		ForgetAt:           r.ForgetAt,
		State:              r.State,
		Revision:           r.Revision,
		Attempts:           r.Attempts,
		FreeAttempts:       r.FreeAttempts,
		AttemptSentAt:      r.AttemptSentAt,
		RespondBy:          r.RespondBy,
		RetryAt:            r.RetryAt,
		RetryAfterSum:      r.RetryAfterSum,
		ReferenceNumber:    r.ReferenceNumber,
		Silence:            r.Silence,
		RejectedBy:         r.RejectedBy,
		ErrorCode:          r.ErrorCode,
		ErrorDescription:   r.ErrorDescription,
		CancelCommandID:    r.CancelCommandID,
		CancelSource:       r.CancelSource,
	}
	w.NewPIN = optional(&w.pin, r.NewPIN.Reveal())
	return nil
}

func takeRequest(w *requestWire) (provisioning.Request, error) {
	number, err := parseNumber(recordState, w.Number)
	if err != nil {
		return provisioning.Request{}, err
	}
	return provisioning.Request{
		Number:             number,
		CommandID:          w.CommandID,
		Source:             w.Source,
		Subscription:       provisioning.SubscriptionIdentifier(w.Subscription),
		Smartcard:          provisioning.SmartcardIdentifier(w.Smartcard),
		SmartcardKey:       w.SmartcardKey,
		Action:             w.Action,
		NewPIN:             provisioning.NewPIN(orZero(w.NewPIN)),
		ContentDigest:      w.ContentDigest,
		ProcessImmediately: w.ProcessImmediately,
		ScheduledDate:      w.ScheduledDate,
		CommandAppendedAt:  w.CommandAppendedAt,
		CreatedAt:          w.CreatedAt,
		DueAt:              w.DueAt,
		UpdatedAt:          w.UpdatedAt,
		ExecutedDate:       w.ExecutedDate,
		EndedAt:            w.EndedAt,
		ForgetAt:           w.ForgetAt,
		State:              w.State,
		Revision:           w.Revision,
		Attempts:           w.Attempts,
		FreeAttempts:       w.FreeAttempts,
		AttemptSentAt:      w.AttemptSentAt,
		RespondBy:          w.RespondBy,
		RetryAt:            w.RetryAt,
		RetryAfterSum:      w.RetryAfterSum,
		ReferenceNumber:    w.ReferenceNumber,
		Silence:            w.Silence,
		RejectedBy:         w.RejectedBy,
		ErrorCode:          w.ErrorCode,
		ErrorDescription:   w.ErrorDescription,
		CancelCommandID:    w.CancelCommandID,
		CancelSource:       w.CancelSource,
	}, nil
}
