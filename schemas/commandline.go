package schemas

import (
	"errors"

	"cardstream/provisioning"
)

// CommandLine is one line of a file of commands.
type CommandLine struct {
	Command  provisioning.Command
	CancelOf string // not empty: the cancel is of the request that the command with this id, of the same file, made
}

// LineDefaults are what a command has where its line leaves it out.
type LineDefaults struct {
	CommandID  string
	Source     string
	OccurredAt provisioning.Timestamp
	Now        provisioning.Timestamp // from which a relative scheduled_date counts
}

// ParseCommandLine reads a command from one line of JSON: the fields of set user parameters beside command_id, source
// and occurred_at, or those three beside "cancel": {"number": …} or {"of": …}. A null is as good as absent.
//
// It is strict: broken JSON, an unknown or a repeated field, a wrong type or a date that is not RFC 3339 is an error,
// which says what and in which field, and never repeats a value. Whether the command keeps the rules is for the domain
// to say; a date finer than a millisecond is rounded up. A scheduled_date may also be relative, as "+2s": so that a file
// of examples does not grow old.
func ParseCommandLine(line []byte, defaults LineDefaults) (CommandLine, error) {
	o, err := parseObject(line)
	if err != nil {
		return CommandLine{}, err
	}
	parsed := CommandLine{Command: provisioning.Command{
		ID:         o.text("command_id").or(defaults.CommandID),
		Source:     o.text("source").or(defaults.Source),
		OccurredAt: o.time("occurred_at", provisioning.TimestampOf).or(defaults.OccurredAt),
	}}
	if cancel := o.object("cancel"); cancel != nil {
		number, of := cancel.text("number"), cancel.text("of")
		if (number.v == nil) == (of.v == nil) {
			cancel.fail("", errors.New("must have either number or of"))
		}
		parsed.Command.Cancel = &provisioning.Cancel{Number: number.or("")}
		parsed.CancelOf = of.or("")
		if of.v != nil && parsed.CancelOf == "" {
			cancel.fail("of", errors.New("must not be empty"))
		}
		cancel.close()
	} else {
		parsed.Command.SetUserParameters = setUserParametersOf(o, defaults.Now)
	}
	o.close()
	if err := o.err(); err != nil {
		return CommandLine{}, err
	}
	return parsed, nil
}

func setUserParametersOf(o *object, now provisioning.Timestamp) *provisioning.SetUserParameters {
	set := &provisioning.SetUserParameters{
		ResetPIN:           o.flag("reset_pin").v,
		ProcessImmediately: o.flag("process_immediately").or(false),
		ScheduledDate:      o.timeFrom("scheduled_date", now).v,
	}
	if s := o.object("subscription_identifier"); s != nil {
		set.Subscription = provisioning.SubscriptionIdentifier{ID: s.text("id").v, Number: s.text("number").v}
		s.close()
	}
	if s := o.object("smartcard_identifier"); s != nil {
		set.Smartcard = provisioning.SmartcardIdentifier{
			ID: s.text("id").v, SerialNumber: s.text("serial_number").v, AlternativeCode: s.text("alternative_code").v,
		}
		s.close()
	}
	if digits := o.text("new_pin").v; digits != nil {
		pin := provisioning.NewPIN(*digits)
		set.NewPIN = &pin
	}
	return set
}
