package schemas

import "cardstream/provisioning"

// commandWire is ProvisioningCommand when it is written. The two commands are one union on the wire: Command points to
// the one that it is.
type commandWire struct {
	CommandID  string                 `avro:"command_id"`
	OccurredAt provisioning.Timestamp `avro:"occurred_at"`
	Source     string                 `avro:"source"`
	Command    any                    `avro:"command"`
}

type setUserParametersWire struct {
	Subscription       subscriptionWire        `avro:"subscription_identifier"`
	Smartcard          smartcardWire           `avro:"smartcard_identifier"`
	ResetPIN           *bool                   `avro:"reset_pin"`
	NewPIN             *string                 `avro:"new_pin"`
	ProcessImmediately *bool                   `avro:"process_immediately"`
	ScheduledDate      *provisioning.Timestamp `avro:"scheduled_date"`
}

type cancelWire struct {
	Number string `avro:"number"`
}

// commandReadWire is ProvisioningCommand when it is read: Command has the fields of both commands, and gets those of the
// one that it is.
type commandReadWire struct {
	CommandID  string                 `avro:"command_id"`
	OccurredAt provisioning.Timestamp `avro:"occurred_at"`
	Source     string                 `avro:"source"`
	Command    struct {
		Subscription       *subscriptionWire       `avro:"subscription_identifier"` // never nil in a SetUserParameters
		Smartcard          smartcardWire           `avro:"smartcard_identifier"`
		ResetPIN           *bool                   `avro:"reset_pin"`
		NewPIN             *string                 `avro:"new_pin"`
		ProcessImmediately *bool                   `avro:"process_immediately"`
		ScheduledDate      *provisioning.Timestamp `avro:"scheduled_date"`
		Number             string                  `avro:"number"` // of a CancelRequest
	} `avro:"command"`
}

func commandForm() form[provisioning.Command] {
	return form[provisioning.Command]{
		recordCommand, appendBy(recordCommand, fillCommand), decodeBy(recordCommand, takeCommand),
	}
}

func fillCommand(w *commandWire, c *provisioning.Command) error {
	*w = commandWire{CommandID: c.ID, OccurredAt: c.OccurredAt, Source: c.Source}
	switch set := c.SetUserParameters; {
	case (set != nil) == (c.Cancel != nil):
		return errorf(KindUnknown, "%s: it is both of the commands, or none", recordCommand)
	case set != nil:
		w.Command = wireOfSetUserParameters(set)
	default:
		w.Command = &cancelWire{Number: c.Cancel.Number}
	}
	return nil
}

func wireOfSetUserParameters(set *provisioning.SetUserParameters) *setUserParametersWire {
	w := &setUserParametersWire{
		Subscription:       subscriptionWire(set.Subscription),
		Smartcard:          smartcardWire(set.Smartcard),
		ResetPIN:           set.ResetPIN,
		ProcessImmediately: &set.ProcessImmediately,
		ScheduledDate:      set.ScheduledDate,
	}
	if set.NewPIN != nil { // an empty one too: that it is wrong is for the domain to say
		pin := set.NewPIN.Reveal()
		w.NewPIN = &pin
	}
	return w
}

func takeCommand(w *commandReadWire) (provisioning.Command, error) {
	c := provisioning.Command{ID: w.CommandID, OccurredAt: w.OccurredAt, Source: w.Source}
	body := &w.Command
	if body.Subscription == nil {
		c.Cancel = &provisioning.Cancel{Number: body.Number}
		return c, nil
	}
	c.SetUserParameters = &provisioning.SetUserParameters{
		Subscription:       provisioning.SubscriptionIdentifier(*body.Subscription),
		Smartcard:          provisioning.SmartcardIdentifier(body.Smartcard),
		ResetPIN:           body.ResetPIN,
		ProcessImmediately: orZero(body.ProcessImmediately),
		ScheduledDate:      body.ScheduledDate,
	}
	if body.NewPIN != nil {
		pin := provisioning.NewPIN(*body.NewPIN)
		c.SetUserParameters.NewPIN = &pin
	}
	return c, nil
}
