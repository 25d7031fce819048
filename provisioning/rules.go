package provisioning

import (
	"fmt"
	"regexp"
	"time"
)

// Rules are what a command must keep. Make one with NewRules.
type Rules struct {
	pin     *regexp.Regexp
	horizon time.Duration
}

// The rules' defaults.
const (
	DefaultPINPattern = `[0-9]{4}`
	DefaultHorizon    = 2 * 365 * 24 * time.Hour
)

// NewRules makes rules: pinPattern is an RE2 expression that the whole of a new PIN must match; a scheduled date may be
// at most horizon ahead.
func NewRules(pinPattern string, horizon time.Duration) (Rules, error) {
	if horizon <= 0 {
		return Rules{}, fmt.Errorf("horizon %s: must be positive", horizon)
	}
	// By itself first: "a)|(b" would only become an expression by what is put around it.
	if _, err := regexp.Compile(pinPattern); err != nil {
		return Rules{}, fmt.Errorf("PIN pattern %q: %w", pinPattern, err)
	}
	pin, err := regexp.Compile(`\A(?:` + pinPattern + `)\z`)
	if err != nil {
		return Rules{}, fmt.Errorf("PIN pattern %q: %w", pinPattern, err)
	}
	return Rules{pin: pin, horizon: horizon}, nil
}

// Judge returns everything that is wrong with c at the time now, in the order of the fields; nothing for a valid
// command. Whether the request that a cancel names exists, and is PENDING, only its partition can tell.
func (r Rules) Judge(c *Command, now Timestamp) []Violation {
	var v violations
	v.name(CommandIDMissing, "command_id", c.ID)
	v.name(SourceMissing, "source", c.Source)
	if c.Cancel != nil {
		if _, err := ParseRequestNumber(c.Cancel.Number); err != nil {
			v.add(RequestNumberInvalid, "number", "must be the number of a request, <partition>-<offset>")
		}
	}
	if s := c.SetUserParameters; s != nil {
		v.identifier(SubscriptionIdentifierMissing, SubscriptionIdentifierAmbiguous, "subscription_identifier",
			s.Subscription.fields())
		v.identifier(SmartcardIdentifierMissing, SmartcardIdentifierAmbiguous, "smartcard_identifier",
			s.Smartcard.fields())
		r.judgePIN(&v, s)
		r.judgeDate(&v, s, now)
	}
	return v
}

// judgePIN holds exactly one of reset_pin and new_pin against the rules. Its messages never repeat the PIN.
func (r Rules) judgePIN(v *violations, s *SetUserParameters) {
	switch {
	case s.ResetPIN != nil && s.NewPIN != nil:
		v.add(PINParameterAmbiguous, "new_pin", "and reset_pin must not both be specified")
	case s.ResetPIN == nil && s.NewPIN == nil:
		v.add(PINParameterMissing, "new_pin", "or reset_pin must be specified")
	case s.ResetPIN != nil && !*s.ResetPIN:
		v.add(ResetPINFalse, "reset_pin", "is false, which asks for nothing: specify true, or new_pin")
	}
	if s.NewPIN == nil {
		return
	}
	if pin := s.NewPIN.Reveal(); !r.pin.MatchString(pin) {
		v.add(NewPINInvalid, "new_pin", "does not have the form of a PIN")
	} else if !validString(pin, maxIdentifierLength) {
		v.value("new_pin", maxIdentifierLength)
	}
}

// judgeDate holds the scheduled date against the horizon, and against what RFC 3339 can write.
func (r Rules) judgeDate(v *violations, s *SetUserParameters, now Timestamp) {
	switch date := s.ScheduledDate; {
	case date == nil:
	case *date > now.Add(r.horizon):
		v.add(ScheduledDateTooFar, "scheduled_date", fmt.Sprintf("is more than %s ahead", days(r.horizon)))
	case *date < EarliestTimestamp:
		v.add(ValueInvalid, "scheduled_date", "is before the year 1")
	}
}

// days writes a duration as whole days where it is some, as people do with horizons.
func days(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// violations collects what is wrong.
type violations []Violation

func (v *violations) add(code Code, field, message string) {
	*v = append(*v, Violation{Code: code, Field: &field, Message: field + " " + message})
}

// value reports a string that breaks the rule for strings.
func (v *violations) value(field string, most int) {
	v.add(ValueInvalid, field, fmt.Sprintf("must have 1 to %d printable characters without surrounding space", most))
}

// name judges a mandatory name whose absence has a code of its own.
func (v *violations) name(missing Code, field, value string) {
	switch {
	case value == "":
		v.add(missing, field, "is missing")
	case !validString(value, maxNameLength):
		v.value(field, maxNameLength)
	}
}

// identifier judges a record of which exactly one field must be specified.
func (v *violations) identifier(missing, ambiguous Code, path string, fields []identifierField) {
	specified := 0
	for _, f := range fields {
		if f.value != nil {
			specified++
		}
	}
	switch {
	case specified == 0:
		v.add(missing, path, "must specify one of its fields")
	case specified > 1:
		v.add(ambiguous, path, "must specify only one of its fields")
	}
	for _, f := range fields {
		if f.value != nil && !validString(*f.value, maxIdentifierLength) {
			v.value(path+"."+f.name, maxIdentifierLength)
		}
	}
}
