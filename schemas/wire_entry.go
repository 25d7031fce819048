package schemas

import "cardstream/provisioning"

// entryWire is RequestEntry: exactly one of its fields is not nil.
type entryWire struct {
	Create *createWire      `avro:"create"`
	Cancel *cancelEntryWire `avro:"cancel"`
	Result *resultEntryWire `avro:"result"`
}

type createWire struct {
	CommandID          string                  `avro:"command_id"`
	Source             string                  `avro:"source"`
	Subscription       subscriptionWire        `avro:"subscription_identifier"`
	Smartcard          smartcardWire           `avro:"smartcard_identifier"`
	Action             provisioning.Action     `avro:"action"`
	NewPIN             *string                 `avro:"new_pin"`
	ProcessImmediately bool                    `avro:"process_immediately"`
	ScheduledDate      *provisioning.Timestamp `avro:"scheduled_date"`
	AppendedAt         provisioning.Timestamp  `avro:"appended_at"`

	pin string // where NewPIN points when an entry is written
}

type cancelEntryWire struct {
	CommandID  string                 `avro:"command_id"`
	Source     string                 `avro:"source"`
	Number     string                 `avro:"number"`
	AppendedAt provisioning.Timestamp `avro:"appended_at"`
}

type resultEntryWire struct {
	resultWire
	Origin originWire `avro:"origin"`
}

type originWire struct {
	Topic     string                 `avro:"topic"`
	Partition int32                  `avro:"partition"`
	Offset    int64                  `avro:"offset"`
	Timestamp provisioning.Timestamp `avro:"timestamp"`
	Key       []byte                 `avro:"key"`
	Value     []byte                 `avro:"value"`
}

func entryForm() form[provisioning.Entry] { return formOf(recordEntry, fillEntry, takeEntry) }

func fillEntry(w *entryWire, e *provisioning.Entry) error {
	kinds := 0
	if e.Create != nil {
		kinds++
		w.Create = wireOfCreate(e.Create)
	}
	if e.Cancel != nil {
		kinds++
		w.Cancel = &cancelEntryWire{e.Cancel.CommandID, e.Cancel.Source, e.Cancel.Number.String(), e.Cancel.AppendedAt}
	}
	if e.Result != nil {
		kinds++
		w.Result = &resultEntryWire{resultWire(e.Result.Result), originWire(e.Result.Origin)}
	}
	return oneKind(kinds)
}

func takeEntry(w *entryWire) (provisioning.Entry, error) {
	kinds := 0
	var e provisioning.Entry
	if w.Create != nil {
		kinds++
		e.Create = w.Create.entry()
	}
	if w.Cancel != nil {
		kinds++
		number, err := parseNumber(recordEntry, w.Cancel.Number)
		if err != nil {
			return provisioning.Entry{}, err
		}
		e.Cancel = &provisioning.CancelEntry{
			CommandID: w.Cancel.CommandID, Source: w.Cancel.Source, Number: number, AppendedAt: w.Cancel.AppendedAt,
		}
	}
	if w.Result != nil {
		kinds++
		e.Result = &provisioning.ResultEntry{
			Result: provisioning.Result(w.Result.resultWire), Origin: provisioning.Origin(w.Result.Origin),
		}
	}
	return e, oneKind(kinds)
}

// oneKind errs unless an entry is of exactly one kind. One of none is what a newer version's further kind looks like.
func oneKind(kinds int) error {
	if kinds != 1 {
		return errorf(KindUnknown, "%s: it is of %d of the kinds that this version knows", recordEntry, kinds)
	}
	return nil
}

func wireOfCreate(c *provisioning.CreateEntry) *createWire {
	w := &createWire{
		CommandID:          c.CommandID,
		Source:             c.Source,
		Subscription:       subscriptionWire(c.Subscription),
		Smartcard:          smartcardWire(c.Smartcard),
		Action:             c.Action,
		ProcessImmediately: c.ProcessImmediately,
		ScheduledDate:      c.ScheduledDate,
		AppendedAt:         c.AppendedAt,
	}
	w.NewPIN = optional(&w.pin, c.NewPIN.Reveal())
	return w
}

func (w *createWire) entry() *provisioning.CreateEntry {
	return &provisioning.CreateEntry{
		CommandID:          w.CommandID,
		Source:             w.Source,
		Subscription:       provisioning.SubscriptionIdentifier(w.Subscription),
		Smartcard:          provisioning.SmartcardIdentifier(w.Smartcard),
		Action:             w.Action,
		NewPIN:             provisioning.NewPIN(orZero(w.NewPIN)),
		ProcessImmediately: w.ProcessImmediately,
		ScheduledDate:      w.ScheduledDate,
		AppendedAt:         w.AppendedAt,
	}
}
