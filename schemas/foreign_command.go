package schemas

import (
	"strings"

	"cardstream/provisioning"
)

// foreignCommand reads a ProvisioningCommand by its fields' names. Which command it is, the name of the record in the
// field command says, whatever its namespace.
func foreignCommand(record view) (provisioning.Command, error) {
	top := fieldsOf(record)
	command, ok := top.get("command")
	if !ok || command.shape.kind != "record" {
		return provisioning.Command{}, errorf(KindUnknown, "it holds no command")
	}
	c := provisioning.Command{
		ID:         top.text("command_id"),
		OccurredAt: top.time("occurred_at"),
		Source:     top.text("source"),
	}
	body := top.in("command")
	switch unqualified(command.shape.name) {
	case "SetUserParameters":
		c.SetUserParameters = foreignSetUserParameters(body)
	case "CancelRequest":
		c.Cancel = &provisioning.Cancel{Number: body.text("number")}
	default:
		return provisioning.Command{}, errorf(KindUnknown, "it holds a command that is not known")
	}
	if err := top.err(); err != nil {
		return provisioning.Command{}, err
	}
	return c, nil
}

func foreignSetUserParameters(body fields) *provisioning.SetUserParameters {
	subscription, smartcard := body.in("subscription_identifier"), body.in("smartcard_identifier")
	set := &provisioning.SetUserParameters{
		Subscription: provisioning.SubscriptionIdentifier{
			ID:     subscription.optionalText("id"),
			Number: subscription.optionalText("number"),
		},
		Smartcard: provisioning.SmartcardIdentifier{
			ID:              smartcard.optionalText("id"),
			SerialNumber:    smartcard.optionalText("serial_number"),
			AlternativeCode: smartcard.optionalText("alternative_code"),
		},
		ResetPIN:           body.optionalFlag("reset_pin"),
		ProcessImmediately: body.flag("process_immediately"),
		ScheduledDate:      body.optionalTime("scheduled_date", provisioning.TimestampNotBefore),
	}
	if digits := body.optionalText("new_pin"); digits != nil {
		pin := provisioning.NewPIN(*digits)
		set.NewPIN = &pin
	}
	return set
}

// unqualified returns a full name without its namespace.
func unqualified(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
