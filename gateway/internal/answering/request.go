package answering

import "cardstream/provisioning"

// requestOf returns a request as an event shows it. An event of a duplicate does not say why the request was rejected,
// nor when it last changed: the model does.
func requestOf(e *provisioning.Event) *provisioning.Request {
	r := &provisioning.Request{
		Number: *e.RequestNumber, CommandID: e.CommandID, Source: e.Source,
		Subscription: e.Subscription, Smartcard: e.Smartcard, Action: e.Action, ScheduledDate: e.ScheduledDate,
		UpdatedAt: e.OccurredAt, ExecutedDate: e.ExecutedDate, ReferenceNumber: e.ReferenceNumber,
		State: e.State, RejectedBy: e.RejectedBy,
	}
	r.SmartcardKey, _ = e.Smartcard.Key()
	setIf(&r.ProcessImmediately, e.ProcessImmediately)
	setIf(&r.CreatedAt, e.CreatedAt)
	setIf(&r.DueAt, e.DueAt)
	setIf(&r.Attempts, e.Attempt)
	if r.State == provisioning.Rejected && len(e.Errors) > 0 && e.Type == provisioning.RequestRejected {
		code := string(e.Errors[0].Code)
		r.ErrorCode, r.ErrorDescription = &code, &e.Errors[0].Message
	}
	return r
}

func setIf[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// asNewAs reports of a request whether it has come as far in its life as an event says.
func asNewAs(e *provisioning.Event) func(*provisioning.Request) bool {
	attempt := int32(0)
	setIf(&attempt, e.Attempt)
	return func(r *provisioning.Request) bool { return reached(r.State, e.State) && r.Attempts >= attempt }
}

// reached reports whether a request that is in a state now may have been in another one before, or is in that.
func reached(now, then provisioning.State) bool {
	switch then {
	case provisioning.Pending:
		return true
	case provisioning.Sent:
		return now == then || now.Ended()
	case provisioning.Rejected:
		return now == then || now == provisioning.Completed // a late answer
	}
	return now == then
}
