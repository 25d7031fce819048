package schemas

import "cardstream/provisioning"

// eventWire is LifecycleEvent.
type eventWire struct {
	ID         string                 `avro:"event_id"`
	Type       provisioning.EventType `avro:"event_type"`
	OccurredAt provisioning.Timestamp `avro:"occurred_at"`
	CommandID  string                 `avro:"command_id"`
	Source     string                 `avro:"source"`

	RequestNumber *string             `avro:"request_number"`
	State         *provisioning.State `avro:"life_cycle_state"`
	Attempt       *int32              `avro:"attempt"`

	Subscription       *subscriptionWire       `avro:"subscription_identifier"`
	Smartcard          *smartcardWire          `avro:"smartcard_identifier"`
	Action             *provisioning.Action    `avro:"action"`
	ProcessImmediately *bool                   `avro:"process_immediately"`
	ScheduledDate      *provisioning.Timestamp `avro:"scheduled_date"`
	CreatedAt          *provisioning.Timestamp `avro:"created_at"`
	DueAt              *provisioning.Timestamp `avro:"due_at"`
	ExecutedDate       *provisioning.Timestamp `avro:"executed_date"`
	ReferenceNumber    *string                 `avro:"reference_number"`

	RejectedBy *provisioning.Rejecter `avro:"rejected_by"`
	Errors     []violationWire        `avro:"errors"`

	// Where the pointers above point when an event is written.
	number       string
	state        provisioning.State
	action       provisioning.Action
	subscription subscriptionWire
	smartcard    smartcardWire
}

type violationWire struct {
	Code    provisioning.Code `avro:"code"`
	Field   *string           `avro:"field"`
	Message string            `avro:"message"`
}

func eventForm() form[provisioning.Event] { return formOf(recordEvent, fillEvent, takeEvent) }

func fillEvent(w *eventWire, e *provisioning.Event) error {
	*w = eventWire{
		ID:                 e.ID,
		Type:               e.Type,
		OccurredAt:         e.OccurredAt,
		CommandID:          e.CommandID,
		Source:             e.Source,
		Attempt:            e.Attempt,
		ProcessImmediately: e.ProcessImmediately,
		ScheduledDate:      e.ScheduledDate,
		CreatedAt:          e.CreatedAt,
		DueAt:              e.DueAt,
		ExecutedDate:       e.ExecutedDate,
		ReferenceNumber:    e.ReferenceNumber,
		RejectedBy:         e.RejectedBy,
	}
	if e.RequestNumber != nil {
		w.number = e.RequestNumber.String()
		w.RequestNumber = &w.number
	}
	w.State = optional(&w.state, e.State)
	w.Action = optional(&w.action, e.Action)
	w.Subscription = optional(&w.subscription, subscriptionWire(e.Subscription))
	w.Smartcard = optional(&w.smartcard, smartcardWire(e.Smartcard))
	for _, v := range e.Errors {
		w.Errors = append(w.Errors, violationWire(v))
	}
	return nil
}

func takeEvent(w *eventWire) (provisioning.Event, error) {
	e := provisioning.Event{
		ID:                 w.ID,
		Type:               w.Type,
		OccurredAt:         w.OccurredAt,
		CommandID:          w.CommandID,
		Source:             w.Source,
		State:              orZero(w.State),
		Attempt:            w.Attempt,
		Subscription:       provisioning.SubscriptionIdentifier(orZero(w.Subscription)),
		Smartcard:          provisioning.SmartcardIdentifier(orZero(w.Smartcard)),
		Action:             orZero(w.Action),
		ProcessImmediately: w.ProcessImmediately,
		ScheduledDate:      w.ScheduledDate,
		CreatedAt:          w.CreatedAt,
		DueAt:              w.DueAt,
		ExecutedDate:       w.ExecutedDate,
		ReferenceNumber:    w.ReferenceNumber,
		RejectedBy:         w.RejectedBy,
	}
	if w.RequestNumber != nil {
		number, err := parseNumber(recordEvent, *w.RequestNumber)
		if err != nil {
			return provisioning.Event{}, err
		}
		e.RequestNumber = &number
	}
	for _, v := range w.Errors {
		e.Errors = append(e.Errors, provisioning.Violation(v))
	}
	return e, nil
}
