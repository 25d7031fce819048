package ledger

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// PIN is a card's secret. It prints as **** wherever fmt or log/slog meet it.
type PIN string

// Format prints the mask for every verb.
func (p PIN) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("****")) }

// LogValue prints the mask.
func (p PIN) LogValue() slog.Value { return slog.StringValue("****") }

// Command is a command as it was written: it may break any rule. Exactly one of SetUserParameters and Cancel is there.
type Command struct {
	ID         string
	Source     string
	OccurredAt int64 // milliseconds since the Unix epoch

	SetUserParameters *SetUserParameters
	Cancel            *Cancel
}

// SetUserParameters is the content of a command that asks for a PIN change. Two contents are the same if they are equal.
type SetUserParameters struct {
	Subscription       Subscription
	Smartcard          Smartcard
	ResetPIN           Maybe[bool]
	NewPIN             Maybe[PIN]
	ProcessImmediately bool
	ScheduledDate      Maybe[int64] // milliseconds since the Unix epoch
}

// Cancel asks that a request which is still PENDING shall not be sent.
type Cancel struct {
	Number string // of the request
	Of     string // in a file: the command_id whose request is meant, instead of Number
}

// Subscription is the customer's contract, named in one of its ways.
type Subscription struct{ ID, Number Maybe[string] }

// Smartcard is the card, named in one of its ways.
type Smartcard struct{ ID, SerialNumber, AlternativeCode Maybe[string] }

// Key returns the smartcard key, kind and value, and whether there is one: the card is named in one way and well.
func (s Smartcard) Key() (string, bool) {
	ways := s.ways()
	if len(ways) != 1 || !wellFormed(ways[0].value, maxIdentifier) {
		return "", false
	}
	return ways[0].field + ":" + ways[0].value, true
}

// way is one way in which something is named.
type way struct{ field, value string }

func (s Smartcard) ways() []way {
	return specified([]string{"id", "serial_number", "alternative_code"}, s.ID, s.SerialNumber, s.AlternativeCode)
}

func (s Subscription) ways() []way { return specified([]string{"id", "number"}, s.ID, s.Number) }

func specified(fields []string, values ...Maybe[string]) []way {
	var ways []way
	for i, value := range values {
		if value.Set {
			ways = append(ways, way{field: fields[i], value: value.Value})
		}
	}
	return ways
}

// eventKey returns the key of the events that answer c, which stands at the position: the card's, or where no card is
// named, the command's own id, or its place.
func (c *Command) eventKey(topic string, at position) string {
	if c.SetUserParameters != nil {
		if key, ok := c.SetUserParameters.Smartcard.Key(); ok {
			return key
		}
	}
	if c.ID != "" {
		return c.ID
	}
	return topic + "-" + strconv.Itoa(int(at.partition)) + "-" + strconv.FormatInt(at.offset, 10)
}

// action is what a valid command asks of the headend.
func (s *SetUserParameters) action() string {
	if s.NewPIN.Set {
		return "SET_PIN"
	}
	return "RESET_PIN"
}

// due returns when a request created at this moment (milliseconds) is to be sent.
func (s *SetUserParameters) due(created int64) int64 {
	if s.ProcessImmediately || !s.ScheduledDate.Set {
		return created
	}
	return max(created, s.ScheduledDate.Value)
}

// ceilMillis returns the first whole millisecond that is not before t: a date is rounded up, so that nothing is early.
func ceilMillis(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }
