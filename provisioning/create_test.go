package provisioning_test

import (
	"bytes"
	"testing"
	"time"

	"cardstream/provisioning"
)

// The contract's table of when a request is due, row by row.
func TestDue(t *testing.T) {
	created := start
	for _, c := range []struct {
		name      string
		immediate bool
		date      *provisioning.Timestamp
		want      provisioning.Timestamp
	}{
		{"immediate, no date", true, nil, created},
		{"immediate, a past date", true, new(created - 1), created},
		{"immediate, a future date", true, new(created + 1), created},
		{"no date", false, nil, created},
		{"a past date", false, new(created - 1), created},
		{"a date long past", false, new(provisioning.EarliestTimestamp), created},
		{"the moment of creation", false, &created, created},
		{"1 ms ahead", false, new(created + 1), created + 1},
		{"two years ahead", false, new(created.Add(provisioning.DefaultHorizon)), created.Add(provisioning.DefaultHorizon)},
	} {
		command := valid()
		command.SetUserParameters.ProcessImmediately, command.SetUserParameters.ScheduledDate = c.immediate, c.date
		entry := command.Create(created - 100)
		if got := entry.DueAt(created); got != c.want {
			t.Errorf("%s: due %s, want %s", c.name, got, c.want)
		}
		card, _ := entry.Smartcard.Key()
		r, event := provisioning.NewRequest(entry, provisioning.RequestNumber{}, card, provisioning.Digester{}, created)
		if r.DueAt != c.want || *event.DueAt != c.want || r.CreatedAt != created || r.CommandAppendedAt != created-100 {
			t.Errorf("%s: the request is due %s, created %s", c.name, r.DueAt, r.CreatedAt)
		}
		if (event.ScheduledDate == nil) != (c.date == nil) || c.date != nil && *event.ScheduledDate != *c.date {
			t.Errorf("%s: the date is not kept for the record", c.name)
		}
		if atOnce := c.want == created; r.DueAtCreation() != atOnce || r.Sendable(c.want-1) != atOnce || !r.Sendable(c.want) {
			t.Errorf("%s: sendable before it is due, or not when it is", c.name)
		}
	}
}

func TestCreateTakesTheActionFromThePIN(t *testing.T) {
	set, reset := valid(), valid()
	reset.SetUserParameters.NewPIN, reset.SetUserParameters.ResetPIN = nil, new(true)
	if e := set.Create(start); e.Action != provisioning.SetPIN || e.NewPIN.Reveal() != "4321" {
		t.Errorf("new_pin: %+v", e)
	}
	if e := reset.Create(start); e.Action != provisioning.ResetPIN || !e.NewPIN.IsZero() {
		t.Errorf("reset_pin: %+v", e)
	}
}

func TestDigest(t *testing.T) {
	digester := provisioning.NewDigester([]byte("a secret key"))
	first := valid().Create(start)
	digest := digester.Digest(first)
	if len(digest) != 8 {
		t.Fatalf("a digest of %d bytes", len(digest))
	}
	later := valid().Create(start.Add(time.Hour)) // when it came is not what it says
	if !bytes.Equal(digester.Digest(later), digest) {
		t.Error("the same content has another digest")
	}
	for name, change := range map[string]func(*provisioning.CreateEntry){
		"PIN":         func(e *provisioning.CreateEntry) { e.NewPIN = provisioning.NewPIN("4322") },
		"action":      func(e *provisioning.CreateEntry) { e.Action = provisioning.ResetPIN },
		"command":     func(e *provisioning.CreateEntry) { e.CommandID = "c-2" },
		"source":      func(e *provisioning.CreateEntry) { e.Source = "desk" },
		"shifted ids": func(e *provisioning.CreateEntry) { e.Source, e.CommandID = "crmc", "-1" },
		"card":        func(e *provisioning.CreateEntry) { e.Smartcard.SerialNumber = new("0190008021") },
		"kind of card": func(e *provisioning.CreateEntry) {
			e.Smartcard = provisioning.SmartcardIdentifier{ID: new("0190008020")}
		},
		"subscription": func(e *provisioning.CreateEntry) { e.Subscription.Number = new("S-1002") },
	} {
		changed := valid().Create(start)
		change(changed)
		if bytes.Equal(digester.Digest(changed), digest) {
			t.Errorf("another %s has the same digest", name)
		}
	}
	if bytes.Equal(provisioning.NewDigester([]byte("another key")).Digest(first), digest) {
		t.Error("the digest does not depend on the key")
	}
	for name, keyless := range map[string]provisioning.Digester{
		"zero": {}, "nil": provisioning.NewDigester(nil), "empty": provisioning.NewDigester([]byte{}),
	} {
		if keyless.Digest(first) != nil {
			t.Errorf("a digest with the %s key", name)
		}
	}
}
