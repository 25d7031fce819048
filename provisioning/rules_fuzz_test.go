package provisioning_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cardstream/provisioning"
)

// bits of what is present in a fuzzed command.
const (
	hasSubscriptionID = 1 << iota
	hasSubscriptionNumber
	hasCardID
	hasSerialNumber
	hasAlternativeCode
	hasReset
	resetTrue
	hasPIN
	hasDate
	isImmediate
)

// Whatever a command holds, Judge is deterministic, says nothing twice, and lets through only what dispatch can use; and
// what it says becomes an event that can be written.
func FuzzJudge(f *testing.F) {
	f.Add("c-1", "crm", "S-1001", "0190008020", "4321", int64(start), uint16(hasSubscriptionNumber|hasSerialNumber|hasPIN))
	f.Add("", "", "", "\xff", "43210", int64(-1<<63), uint16(1<<10-1))
	f.Add(" ", "\u00a0", "é", "\x00", "", int64(1<<63-1), uint16(hasReset|hasDate|hasCardID|hasAlternativeCode))
	rules := defaultRules(f)
	f.Fuzz(func(t *testing.T, id, source, subscription, card, pin string, date int64, has uint16) {
		c := fuzzed(id, source, subscription, card, pin, date, has)
		wrong := rules.Judge(c, start)
		if again := rules.Judge(c, start); !slices.Equal(verdict(again), verdict(wrong)) {
			t.Fatalf("%q, then %q", verdict(wrong), verdict(again))
		}
		said := verdict(wrong)
		slices.Sort(said)
		if len(slices.Compact(said)) != len(wrong) {
			t.Errorf("something is said twice: %q", verdict(wrong))
		}
		for _, v := range wrong {
			if !utf8.ValidString(v.Message) {
				t.Errorf("message %q", v.Message)
			}
			if utf8.RuneCountInString(pin) > 20 && strings.Contains(v.Message, pin) {
				t.Errorf("the message repeats the PIN: %q", v.Message)
			}
		}
		if len(wrong) == 0 {
			acceptable(t, c)
			return
		}
		e := provisioning.RejectedEvent("id", c, wrong, start)
		if !utf8.ValidString(e.CommandID) || !utf8.ValidString(e.Source) {
			t.Errorf("not UTF-8: %q, %q", e.CommandID, e.Source)
		}
	})
}

func fuzzed(id, source, subscription, card, pin string, date int64, has uint16) *provisioning.Command {
	s := &provisioning.SetUserParameters{ProcessImmediately: has&isImmediate != 0}
	for bit, field := range map[uint16]**string{
		hasSubscriptionID: &s.Subscription.ID, hasSubscriptionNumber: &s.Subscription.Number,
	} {
		if has&bit != 0 {
			*field = &subscription
		}
	}
	for bit, field := range map[uint16]**string{
		hasCardID: &s.Smartcard.ID, hasSerialNumber: &s.Smartcard.SerialNumber, hasAlternativeCode: &s.Smartcard.AlternativeCode,
	} {
		if has&bit != 0 {
			*field = &card
		}
	}
	if has&hasReset != 0 {
		s.ResetPIN = new(has&resetTrue != 0)
	}
	if has&hasPIN != 0 {
		s.NewPIN = new(provisioning.NewPIN(pin))
	}
	if has&hasDate != 0 {
		s.ScheduledDate = new(provisioning.Timestamp(date))
	}
	return &provisioning.Command{ID: id, Source: source, SetUserParameters: s}
}

// acceptable is what dispatch relies on.
func acceptable(t *testing.T, c *provisioning.Command) {
	t.Helper()
	key, ok := c.SetUserParameters.Smartcard.Key()
	if !ok || !utf8.ValidString(string(key)) {
		t.Fatalf("accepted, without a key: %q", key)
	}
	e := c.Create(start)
	if (e.Action == provisioning.SetPIN) == e.NewPIN.IsZero() {
		t.Errorf("accepted: %s, PIN %q", e.Action, e.NewPIN.Reveal())
	}
	if due := e.DueAt(start); due < start || due > start.Add(provisioning.DefaultHorizon) {
		t.Errorf("accepted: due %s", due)
	}
	if c.ID == "" || c.Source == "" || !utf8.ValidString(c.ID+c.Source) {
		t.Errorf("accepted: %q of %q", c.ID, c.Source)
	}
}
