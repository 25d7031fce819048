package provisioning_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cardstream/provisioning"
)

// A rejected command's event repeats what the command names, as far as an event can carry it.
func TestRejectedEvent(t *testing.T) {
	c := valid()
	c.SetUserParameters.ProcessImmediately = true
	c.SetUserParameters.ScheduledDate = new(start)
	wrong := []provisioning.Violation{{Code: provisioning.NewPINInvalid, Field: new("new_pin"), Message: "wrong"}}
	e := provisioning.RejectedEvent("provisioning.commands-1-7", c, wrong, start)
	switch {
	case e.ID != "provisioning.commands-1-7", e.Type != provisioning.CommandRejected, e.OccurredAt != start:
		t.Errorf("which event: %+v", e)
	case e.CommandID != "c-1", e.Source != "crm", *e.Subscription.Number != "S-1001", *e.Smartcard.SerialNumber != "0190008020",
		!*e.ProcessImmediately, *e.ScheduledDate != start:
		t.Errorf("what the command names: %+v", e)
	case *e.RejectedBy != provisioning.RejectedByCommand, len(e.Errors) != 1:
		t.Errorf("why: %+v", e)
	case e.RequestNumber != nil, e.State != "", e.Attempt != nil, e.Action != "", e.CreatedAt != nil, e.DueAt != nil,
		e.ExecutedDate != nil, e.ReferenceNumber != nil:
		t.Errorf("it never became a request: %+v", e)
	}
}

// What a broken command holds may be of any length and content; its event must still be a record.
func TestRejectedEventCuts(t *testing.T) {
	long, broken := strings.Repeat("é", 1000), "a\xffb"
	for name, text := range map[string]string{"long": long, "broken": broken, "both": broken + long} {
		c := valid()
		c.ID, c.Source = text, text
		c.SetUserParameters.Subscription = provisioning.SubscriptionIdentifier{ID: &text, Number: &text}
		c.SetUserParameters.Smartcard = provisioning.SmartcardIdentifier{ID: &text, SerialNumber: &text, AlternativeCode: &text}
		e := provisioning.RejectedEvent("id", c, nil, start)
		for _, got := range []string{
			e.CommandID, e.Source, *e.Subscription.ID, *e.Subscription.Number,
			*e.Smartcard.ID, *e.Smartcard.SerialNumber, *e.Smartcard.AlternativeCode,
		} {
			if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 255 || got == "" {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	for date, written := range map[provisioning.Timestamp]bool{
		provisioning.EarliestTimestamp - 1: false, provisioning.EarliestTimestamp: true,
		provisioning.LatestTimestamp: true, provisioning.LatestTimestamp + 1: false, -1 << 63: false, 1<<63 - 1: false,
	} {
		c := valid()
		c.SetUserParameters.ScheduledDate = &date
		if e := provisioning.RejectedEvent("id", c, nil, start); (e.ScheduledDate != nil) != written {
			t.Errorf("date %d is in the event: %v", date, e.ScheduledDate)
		}
	}
}

func TestRejectedEventOfACancel(t *testing.T) {
	c := &provisioning.Command{ID: "x", Source: "crm", Cancel: &provisioning.Cancel{Number: "no"}}
	e := provisioning.RejectedEvent("id", c, []provisioning.Violation{provisioning.UnknownRequest()}, start)
	if e.ProcessImmediately != nil || e.ScheduledDate != nil || e.RequestNumber != nil || e.Errors[0].Code != provisioning.RequestUnknown {
		t.Errorf("%+v", e)
	}
}

// Nothing that the domain says about a command repeats its PIN, whatever else is wrong with it.
func TestNothingRepeatsThePIN(t *testing.T) {
	rules := defaultRules(t) // four digits: the secret is no PIN by them
	c := valid()
	c.SetUserParameters.NewPIN, c.SetUserParameters.ResetPIN = new(provisioning.NewPIN(secret)), new(false)
	c.SetUserParameters.ScheduledDate = new(provisioning.LatestTimestamp)
	wrong := rules.Judge(c, start)
	if len(wrong) != 3 {
		t.Fatalf("wrong: %v", wrong)
	}
	event := provisioning.RejectedEvent("id", c, wrong, start)
	for how, printed := range printings(event) {
		if leaks(printed) {
			t.Errorf("%s of the event: %s", how, printed)
		}
	}
	if printed := fmt.Sprintf("%+v", event.Errors); leaks(printed) {
		t.Error(printed)
	}
}

// What is SENT stands at the head of its card's line; then by due time, then by number, both as numbers.
func TestLineOrder(t *testing.T) {
	request := func(state provisioning.State, due provisioning.Timestamp, offset int64) *provisioning.Request {
		return &provisioning.Request{State: state, DueAt: due, Number: provisioning.RequestNumber{Partition: 3, Offset: offset}}
	}
	ordered := []*provisioning.Request{
		request(provisioning.Sent, start+9, 50),
		request(provisioning.Pending, start, 9),
		request(provisioning.Pending, start, 10),
		request(provisioning.Pending, start+1, 1),
		request(provisioning.Pending, start+2, 0),
	}
	shuffled := slices.Clone(ordered)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, (*provisioning.Request).LineOrder)
	if !slices.Equal(shuffled, ordered) {
		t.Errorf("sorted: %+v", shuffled)
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.LineOrder(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%d to %d: %d", i, j, got)
			}
		}
	}
}
