package provisioning_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/provisioning"
)

// valid returns a command in which nothing is wrong, for a test to change.
func valid() *provisioning.Command {
	return &provisioning.Command{
		ID: "c-1", Source: "crm", OccurredAt: start,
		SetUserParameters: &provisioning.SetUserParameters{
			Subscription: provisioning.SubscriptionIdentifier{Number: new("S-1001")},
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")},
			NewPIN:       new(provisioning.NewPIN("4321")),
		},
	}
}

// verdict is what is wrong, as "CODE field".
func verdict(violations []provisioning.Violation) []string {
	var out []string
	for _, v := range violations {
		out = append(out, string(v.Code)+optionalText(" ", v.Field))
	}
	return out
}

// judged is a command that breaks rules and which, or none.
type judged struct {
	name   string
	change func(c *provisioning.Command, s *provisioning.SetUserParameters)
	want   []string
}

func TestJudgeSetUserParameters(t *testing.T) {
	for _, c := range []judged{
		{"valid", func(*provisioning.Command, *provisioning.SetUserParameters) {}, nil},
		{"no subscription", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Subscription.Number = nil
		}, []string{"SUBSCRIPTION_IDENTIFIER_MISSING subscription_identifier"}},
		{"subscription by id", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Subscription = provisioning.SubscriptionIdentifier{ID: new("17")}
		}, nil},
		{"two subscriptions", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Subscription.ID = new("17")
		}, []string{"SUBSCRIPTION_IDENTIFIER_AMBIGUOUS subscription_identifier"}},
		{"empty counts as specified", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Subscription.ID = new("")
		}, []string{"SUBSCRIPTION_IDENTIFIER_AMBIGUOUS subscription_identifier", "VALUE_INVALID subscription_identifier.id"}},
		{"empty alone is not missing", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Subscription.Number = new("")
		}, []string{"VALUE_INVALID subscription_identifier.number"}},
		{"no card", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Smartcard.SerialNumber = nil
		}, []string{"SMARTCARD_IDENTIFIER_MISSING smartcard_identifier"}},
		{"card by id", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Smartcard = provisioning.SmartcardIdentifier{ID: new("9")}
		}, nil},
		{"card by alternative code", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Smartcard = provisioning.SmartcardIdentifier{AlternativeCode: new("A 9")}
		}, nil},
		{"two cards", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Smartcard.AlternativeCode = new("A 9")
		}, []string{"SMARTCARD_IDENTIFIER_AMBIGUOUS smartcard_identifier"}},
		{"three cards, two of them wrong", func(_ *provisioning.Command, s *provisioning.SetUserParameters) {
			s.Smartcard.ID, s.Smartcard.AlternativeCode = new(" 9"), new("\x00")
		}, []string{
			"SMARTCARD_IDENTIFIER_AMBIGUOUS smartcard_identifier", "VALUE_INVALID smartcard_identifier.id",
			"VALUE_INVALID smartcard_identifier.alternative_code",
		}},
		{"no command id", func(c *provisioning.Command, _ *provisioning.SetUserParameters) { c.ID = "" },
			[]string{"COMMAND_ID_MISSING command_id"}},
		{"bad command id", func(c *provisioning.Command, _ *provisioning.SetUserParameters) { c.ID = " " },
			[]string{"VALUE_INVALID command_id"}},
		{"no source", func(c *provisioning.Command, _ *provisioning.SetUserParameters) { c.Source = "" },
			[]string{"SOURCE_MISSING source"}},
		{"bad source", func(c *provisioning.Command, _ *provisioning.SetUserParameters) { c.Source = "a\tb" },
			[]string{"VALUE_INVALID source"}},
		{"everything at once", func(c *provisioning.Command, s *provisioning.SetUserParameters) {
			*c = provisioning.Command{SetUserParameters: s}
			*s = provisioning.SetUserParameters{
				Smartcard: provisioning.SmartcardIdentifier{ID: new("1"), SerialNumber: new("")},
				ResetPIN:  new(false), NewPIN: new(provisioning.NewPIN("12345")),
				ScheduledDate: new(provisioning.LatestTimestamp),
			}
		}, []string{
			"COMMAND_ID_MISSING command_id", "SOURCE_MISSING source",
			"SUBSCRIPTION_IDENTIFIER_MISSING subscription_identifier",
			"SMARTCARD_IDENTIFIER_AMBIGUOUS smartcard_identifier", "VALUE_INVALID smartcard_identifier.serial_number",
			"PIN_PARAMETER_AMBIGUOUS new_pin", "NEW_PIN_INVALID new_pin", "SCHEDULED_DATE_TOO_FAR scheduled_date",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := valid()
			c.change(command, command.SetUserParameters)
			got := defaultRules(t).Judge(command, start)
			if !slices.Equal(verdict(got), c.want) {
				t.Errorf("wrong: %q, want %q", verdict(got), c.want)
			}
			for _, v := range got {
				if v.Message == "" || v.Field == nil || !strings.HasPrefix(v.Message, *v.Field+" ") {
					t.Errorf("%s: the message does not name the field: %q", v.Code, v.Message)
				}
			}
		})
	}
}

// Exactly one of reset_pin and new_pin: all combinations of absent, false, true with absent, valid, invalid.
func TestJudgePINParameters(t *testing.T) {
	const (
		missing, ambiguous = "PIN_PARAMETER_MISSING new_pin", "PIN_PARAMETER_AMBIGUOUS new_pin"
		isFalse, invalid   = "RESET_PIN_FALSE reset_pin", "NEW_PIN_INVALID new_pin"
	)
	for _, c := range []struct {
		reset *bool
		pin   *string
		want  []string
	}{
		{nil, nil, []string{missing}},
		{nil, new("4321"), nil},
		{nil, new("432"), []string{invalid}},
		{nil, new(""), []string{invalid}},
		{new(false), nil, []string{isFalse}},
		{new(false), new("4321"), []string{ambiguous}},
		{new(false), new("432"), []string{ambiguous, invalid}},
		{new(true), nil, nil},
		{new(true), new("4321"), []string{ambiguous}},
		{new(true), new(""), []string{ambiguous, invalid}},
	} {
		command := valid()
		command.SetUserParameters.ResetPIN, command.SetUserParameters.NewPIN = c.reset, nil
		if c.pin != nil {
			command.SetUserParameters.NewPIN = new(provisioning.NewPIN(*c.pin))
		}
		if got := verdict(defaultRules(t).Judge(command, start)); !slices.Equal(got, c.want) {
			t.Errorf("reset_pin %v, new_pin %v: %q, want %q", show(c.reset), show(c.pin), got, c.want)
		}
	}
}

func show[T any](p *T) any {
	if p == nil {
		return "absent"
	}
	return *p
}

// The whole of the PIN must match the pattern; one that does must still be a string of the contract.
func TestJudgeNewPIN(t *testing.T) {
	const invalid, value = "NEW_PIN_INVALID new_pin", "VALUE_INVALID new_pin"
	for _, c := range []struct{ pattern, pin, want string }{
		{provisioning.DefaultPINPattern, "0000", ""},
		{provisioning.DefaultPINPattern, "43210", invalid},
		{provisioning.DefaultPINPattern, "4321\n", invalid},
		{provisioning.DefaultPINPattern, "\n4321", invalid},
		{provisioning.DefaultPINPattern, " 4321", invalid},
		{provisioning.DefaultPINPattern, "４３２１", invalid}, // full-width digits are no ASCII digits
		{provisioning.DefaultPINPattern, "٤٣٢١", invalid},
		{"[A-Z]{8}", "QWZXKJHG", ""},
		{"[A-Z]{8}", "qwzxkjhg", invalid},
		{"(?i)[A-Z]{8}", "qwzxkjhg", ""},
		{"1|22", "22", ""}, // the whole of each alternative
		{"1|22", "12", invalid},
		{"(?m)^1$", "1\n1", invalid},
		{"(?s).*", "a\nb", value},
		{"(?s).*", "", value},
		{"(?s).*", " a", value},
		{"(?s).*", strings.Repeat("9", 64), ""},
		{"(?s).*", strings.Repeat("9", 65), value},
		{"(?s).*", "\xff", value},
	} {
		rules, err := provisioning.NewRules(c.pattern, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		command := valid()
		command.SetUserParameters.NewPIN = new(provisioning.NewPIN(c.pin))
		if got := strings.Join(verdict(rules.Judge(command, start)), ","); got != c.want {
			t.Errorf("pattern %s, PIN %q: %q, want %q", c.pattern, c.pin, got, c.want)
		}
	}
}

func TestJudgeCancel(t *testing.T) {
	for _, c := range []struct {
		command provisioning.Command
		want    []string
	}{
		{provisioning.Command{ID: "x", Source: "crm", Cancel: &provisioning.Cancel{Number: "3-1042"}}, nil},
		{provisioning.Command{ID: "x", Source: "crm", Cancel: &provisioning.Cancel{Number: "3-01042"}},
			[]string{"REQUEST_NUMBER_INVALID number"}},
		{provisioning.Command{Cancel: &provisioning.Cancel{}},
			[]string{"COMMAND_ID_MISSING command_id", "SOURCE_MISSING source", "REQUEST_NUMBER_INVALID number"}},
	} {
		if got := verdict(defaultRules(t).Judge(&c.command, start)); !slices.Equal(got, c.want) {
			t.Errorf("cancel of %q: %q, want %q", c.command.Cancel.Number, got, c.want)
		}
	}
}

func TestJudgeScheduledDate(t *testing.T) {
	const far, value = "SCHEDULED_DATE_TOO_FAR scheduled_date", "VALUE_INVALID scheduled_date"
	horizon := start.Add(provisioning.DefaultHorizon)
	for _, c := range []struct {
		name string
		date provisioning.Timestamp
		want string
	}{
		{"now", start, ""},
		{"the past", start - 1, ""},
		{"the beginning of the epoch", 0, ""},
		{"the horizon", horizon, ""},
		{"1 ms beyond the horizon", horizon + 1, far},
		{"the end of RFC 3339", provisioning.LatestTimestamp, far},
		{"the largest number", 1<<63 - 1, far},
		{"the beginning of RFC 3339", provisioning.EarliestTimestamp, ""},
		{"before it", provisioning.EarliestTimestamp - 1, value},
		{"the smallest number", -1 << 63, value},
	} {
		for _, immediate := range []bool{false, true} { // an immediate one's date is kept for the record, and so judged
			command := valid()
			command.SetUserParameters.ScheduledDate, command.SetUserParameters.ProcessImmediately = &c.date, immediate
			if got := strings.Join(verdict(defaultRules(t).Judge(command, start)), ","); got != c.want {
				t.Errorf("%s, immediate %v: %q, want %q", c.name, immediate, got, c.want)
			}
		}
	}
}

func TestJudgeNamesTheHorizon(t *testing.T) {
	for horizon, want := range map[time.Duration]string{
		provisioning.DefaultHorizon: "730 days", 24 * time.Hour: "1 days", 90 * time.Minute: "1h30m0s",
	} {
		rules, err := provisioning.NewRules(provisioning.DefaultPINPattern, horizon)
		if err != nil {
			t.Fatal(err)
		}
		command := valid()
		command.SetUserParameters.ScheduledDate = new(start.Add(horizon) + 1)
		got := rules.Judge(command, start)
		if len(got) != 1 || !strings.Contains(got[0].Message, " "+want+" ") {
			t.Errorf("horizon %s: %v, want %q", horizon, got, want)
		}
	}
}

func TestNewRulesRefuses(t *testing.T) {
	for _, c := range []struct {
		pattern string
		horizon time.Duration
	}{
		{"[0-9", time.Hour}, {"a)|(b", time.Hour}, {`(?<!a)b`, time.Hour}, {`\Qa`, time.Hour},
		{"[0-9]{4}", 0}, {"[0-9]{4}", -time.Second},
	} {
		if _, err := provisioning.NewRules(c.pattern, c.horizon); err == nil {
			t.Errorf("pattern %q, horizon %s: no error", c.pattern, c.horizon)
		}
	}
}
