package answering_test

import (
	"strconv"
	"strings"

	"cardstream/internal/scripttest"
	"cardstream/provisioning"
)

const source = "webapi:issuer/sub"

var subscription = provisioning.SubscriptionIdentifier{Number: new("S-1")}

// command reads what a caller asks for.
func (p *play) command(w scripttest.Words) *provisioning.Command {
	c := &provisioning.Command{ID: w.Text("key", "k-1"), Source: source}
	if w.Verb == "cancel" {
		c.Cancel = &provisioning.Cancel{Number: w.Text("number", "")}
		return c
	}
	return set(c.ID, w.Text("card", "77"), w.Text("pin", ""), w.Has("immediate"))
}

// set makes a command for a new PIN, or for a reset where it is empty.
func set(id, card, pin string, immediate bool) *provisioning.Command {
	s := &provisioning.SetUserParameters{
		Subscription: subscription, Smartcard: provisioning.SmartcardIdentifier{SerialNumber: &card},
		ProcessImmediately: immediate,
	}
	if pin == "" {
		s.ResetPIN = new(true)
	} else {
		s.NewPIN = new(provisioning.NewPIN(pin))
	}
	return &provisioning.Command{ID: id, Source: source, SetUserParameters: s}
}

// request reads a request of the state topic, which has its PIN until it has ended.
func (p *play) request(w scripttest.Words) *provisioning.Request {
	pin := w.Text("pin", "")
	entry := set(w.Text("key", "k-1"), w.Text("card", "77"), pin, w.Has("immediate")).Create(0)
	card, _ := entry.Smartcard.Key()
	r, _ := provisioning.NewRequest(entry, must(provisioning.ParseRequestNumber(w.First)), card, p.digester, 1)
	r.State = provisioning.State(w.Text("in", string(provisioning.Pending)))
	r.Attempts = int32(must(strconv.Atoi(w.Text("attempts", "0"))))
	if r.State.Ended() {
		r.NewPIN = provisioning.PIN{}
	}
	if r.State == provisioning.Rejected {
		r.ErrorCode = new("E-1")
	}
	return r
}

// states are those of which events of a type tell, where they tell of one.
var states = map[provisioning.EventType]provisioning.State{
	provisioning.RequestPending: provisioning.Pending, provisioning.RequestSent: provisioning.Sent,
	provisioning.RequestCompleted: provisioning.Completed, provisioning.RequestRejected: provisioning.Rejected,
	provisioning.RequestCancelled: provisioning.Cancelled,
}

// event reads an event.
func (p *play) event(w scripttest.Words) *provisioning.Event {
	e := &provisioning.Event{
		Type: provisioning.EventType(w.First), CommandID: w.Text("key", "k-1"), Source: w.Text("source", source),
		Subscription: subscription, Action: provisioning.SetPIN,
	}
	e.State = provisioning.State(w.Text("in", string(states[e.Type])))
	if card := w.Text("card", "77"); card != "none" {
		e.Smartcard.SerialNumber = &card
	}
	if w.Has("reset") {
		e.Action = provisioning.ResetPIN
	}
	if w.Has("immediate") {
		e.ProcessImmediately = new(true)
	}
	if text := w.Text("number", ""); text != "" {
		e.RequestNumber = new(must(provisioning.ParseRequestNumber(text)))
	}
	if text := w.Text("attempt", ""); text != "" {
		e.Attempt = new(int32(must(strconv.Atoi(text))))
	}
	for code := range strings.SplitSeq(w.Text("errors", ""), ",") {
		if code != "" {
			e.Errors = append(e.Errors, provisioning.Violation{Code: provisioning.Code(code)})
		}
	}
	return e
}
