package ledger

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The most code points of a string: of an identifier, and of command_id and source.
const (
	maxIdentifier = 64
	maxName       = 255
)

// Rules are the settings that decide whether a command is valid. The zero value holds the contract's defaults.
type Rules struct {
	pin     *regexp.Regexp
	horizon time.Duration
}

const defaultHorizon = 2 * 365 * 24 * time.Hour

var defaultPIN = regexp.MustCompile(`^[0-9]{4}$`)

// NewRules returns rules with another PIN pattern, which the whole PIN must match, and another horizon; an empty pattern
// and a zero horizon are the defaults.
func NewRules(pinPattern string, horizon time.Duration) (Rules, error) {
	rules := Rules{horizon: horizon}
	if pinPattern == "" {
		return rules, nil
	}
	pin, err := regexp.Compile(`\A(?:` + pinPattern + `)\z`)
	if err != nil {
		return Rules{}, fmt.Errorf("PIN pattern %q: %w", pinPattern, err)
	}
	rules.pin = pin
	return rules, nil
}

// Judge returns the codes of all that is wrong with a command at this moment, sorted, a code as often as it applies; of
// a cancel only what can be seen without the request. None means that the command is valid.
func (r Rules) Judge(c *Command, now time.Time) []string {
	var codes []string
	codes = append(codes, judgeName(c.ID, "COMMAND_ID_MISSING")...)
	codes = append(codes, judgeName(c.Source, "SOURCE_MISSING")...)
	switch {
	case c.Cancel != nil:
		if _, err := parseNumber(c.Cancel.Number); err != nil && c.Cancel.Of == "" {
			codes = append(codes, "REQUEST_NUMBER_INVALID")
		}
	case c.SetUserParameters != nil:
		s := c.SetUserParameters
		codes = append(codes, judgeWays("SUBSCRIPTION_IDENTIFIER", s.Subscription.ways())...)
		codes = append(codes, judgeWays("SMARTCARD_IDENTIFIER", s.Smartcard.ways())...)
		codes = append(codes, r.judgePIN(s)...)
		if s.ScheduledDate.Set && s.ScheduledDate.Value > now.Add(cmp.Or(r.horizon, defaultHorizon)).UnixMilli() {
			codes = append(codes, "SCHEDULED_DATE_TOO_FAR")
		}
	}
	slices.Sort(codes)
	return codes
}

func judgeName(name, missing string) []string {
	switch {
	case name == "":
		return []string{missing}
	case !wellFormed(name, maxName):
		return []string{"VALUE_INVALID"}
	}
	return nil
}

// judgeWays wants exactly one way to name something, and every one of them well formed.
func judgeWays(prefix string, ways []way) []string {
	var codes []string
	switch len(ways) {
	case 0:
		codes = append(codes, prefix+"_MISSING")
	case 1:
	default:
		codes = append(codes, prefix+"_AMBIGUOUS")
	}
	for _, w := range ways {
		if !wellFormed(w.value, maxIdentifier) {
			codes = append(codes, "VALUE_INVALID")
		}
	}
	return codes
}

func (r Rules) judgePIN(s *SetUserParameters) []string {
	var codes []string
	switch {
	case s.ResetPIN.Set && s.NewPIN.Set:
		codes = append(codes, "PIN_PARAMETER_AMBIGUOUS")
	case !s.ResetPIN.Set && !s.NewPIN.Set:
		codes = append(codes, "PIN_PARAMETER_MISSING")
	case s.ResetPIN.Set && !s.ResetPIN.Value:
		codes = append(codes, "RESET_PIN_FALSE")
	}
	if !s.NewPIN.Set {
		return codes
	}
	switch pin := string(s.NewPIN.Value); {
	case !cmp.Or(r.pin, defaultPIN).MatchString(pin):
		codes = append(codes, "NEW_PIN_INVALID")
	case !wellFormed(pin, maxIdentifier):
		codes = append(codes, "VALUE_INVALID")
	}
	return codes
}

// wellFormed reports whether text has 1 to most printable code points and no space around it.
func wellFormed(text string, most int) bool {
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
