package schemas

import (
	"errors"

	"cardstream/internal/strictjson"
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
	o, err := strictjson.Parse(line)
	if err != nil {
		return CommandLine{}, err
	}
	parsed := CommandLine{Command: provisioning.Command{
		ID:         o.Text("command_id").Or(defaults.CommandID),
		Source:     o.Text("source").Or(defaults.Source),
		OccurredAt: takeTime(o, "occurred_at", provisioning.TimestampOf).Or(defaults.OccurredAt),
	}}
	if cancel := o.Object("cancel"); cancel != nil {
		number, of := cancel.Text("number"), cancel.Text("of")
		if (number.V == nil) == (of.V == nil) {
			cancel.Fail("", errors.New("must have either number or of"))
		}
		parsed.Command.Cancel = &provisioning.Cancel{Number: number.Or("")}
		parsed.CancelOf = of.Or("")
		if of.V != nil && parsed.CancelOf == "" {
			cancel.Fail("of", errors.New("must not be empty"))
		}
		cancel.Close()
	} else {
		parsed.Command.SetUserParameters = TakeSetUserParameters(o)
		parsed.Command.SetUserParameters.ScheduledDate = takeTimeFrom(o, "scheduled_date", defaults.Now).V
	}
	o.Close()
	if err := o.Err(); err != nil {
		return CommandLine{}, err
	}
	return parsed, nil
}

// TakeSetUserParameters takes the command's fields out of a JSON object, but for scheduled_date: how a date may be
// written depends on who writes. A null is as good as absent.
func TakeSetUserParameters(o *strictjson.Object) *provisioning.SetUserParameters {
	set := &provisioning.SetUserParameters{
		ResetPIN:           o.Flag("reset_pin").V,
		ProcessImmediately: o.Flag("process_immediately").Or(false),
	}
	if s := o.Object("subscription_identifier"); s != nil {
		set.Subscription = provisioning.SubscriptionIdentifier{ID: s.Text("id").V, Number: s.Text("number").V}
		s.Close()
	}
	if s := o.Object("smartcard_identifier"); s != nil {
		set.Smartcard = provisioning.SmartcardIdentifier{
			ID: s.Text("id").V, SerialNumber: s.Text("serial_number").V, AlternativeCode: s.Text("alternative_code").V,
		}
		s.Close()
	}
	if digits := o.Text("new_pin").V; digits != nil {
		pin := provisioning.NewPIN(*digits)
		set.NewPIN = &pin
	}
	return set
}
