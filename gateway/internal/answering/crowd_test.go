package answering_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/gateway/internal/answering"
	"cardstream/producer"
	"cardstream/provisioning"
)

// crowd has many callers ask, each in its own name, and returns what each was answered.
func (r *room) crowd(t *testing.T, callers int, meanwhile func()) []answering.Answer {
	t.Helper()
	answers := make([]answering.Answer, callers)
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var err error
			if answers[i], err = r.desk.Do(ctx, set(fmt.Sprint("k-", i), fmt.Sprint(i), "4321", false)); err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
	meanwhile()
	asking.Wait()
	return answers
}

// Thousands wait at once: each is told its own outcome, they are written some at a time, and nothing of them is left.
func TestACrowdIsAnsweredEachForItself(t *testing.T) {
	const callers = 2*answering.MostAtOnce + 500
	r := newRoom(t, provisioning.Digester{})
	synctest.Test(t, func(t *testing.T) {
		stop := r.open(t)
		defer stop()
		r.brokers.fail(producer.Unknown)
		answers := r.crowd(t, callers, func() {
			if r.hub.Waiting() != callers {
				t.Errorf("%d commands are listened for, want %d", r.hub.Waiting(), callers)
			}
			r.brokers.answer()
			synctest.Wait()
			if wrote := r.brokers.wrote; wrote != callers {
				t.Errorf("%d are written, want %d", wrote, callers)
			}
			for i := range callers {
				r.hub.Hear(&provisioning.Event{Type: provisioning.CommandRejected, CommandID: fmt.Sprint("k-", i), Source: source})
				r.hub.Hear(&provisioning.Event{
					Type: provisioning.CommandRejected, CommandID: fmt.Sprint("k-", i), Source: source,
					Smartcard: provisioning.SmartcardIdentifier{SerialNumber: new(fmt.Sprint(i))},
					Errors:    []provisioning.Violation{{Message: fmt.Sprint("of ", i)}},
				})
			}
		})
		for i, a := range answers {
			if a.Kind != answering.Invalid || a.Errors[0].Message != fmt.Sprint("of ", i) {
				t.Fatalf("caller %d: %+v", i, a)
			}
		}
		if r.hub.Waiting() != 0 || r.brokers.atOnce > answering.MostAtOnce {
			t.Errorf("%d are left, %d commands were written at once", r.hub.Waiting(), r.brokers.atOnce)
		}
	})
}

// While the brokers are away callers come and go: what they leave behind is bounded by what is under way, and none of
// it is written when the brokers are back.
func TestNothingIsWrittenForThoseWhoHaveLeft(t *testing.T) {
	r := newRoom(t, provisioning.Digester{})
	synctest.Test(t, func(t *testing.T) {
		stop := r.open(t)
		defer stop()
		r.brokers.fail(producer.NotWritten)
		for range 3 {
			kinds := map[answering.Kind]int{}
			for _, a := range r.crowd(t, 2*answering.MostAtOnce, func() {}) {
				kinds[a.Kind]++
			}
			// Of those in the produce request that was under way when their time was over nobody knows.
			if kinds[answering.Unavailable] < answering.MostAtOnce || kinds[answering.Unavailable]+kinds[answering.Accepted] !=
				2*answering.MostAtOnce {
				t.Errorf("answers by kind: %v", kinds)
			}
		}
		time.Sleep(time.Minute)
		r.brokers.seen()
		r.brokers.answer()
		synctest.Wait()
		if wrote := r.brokers.seen(); len(wrote) > 0 {
			t.Errorf("written: %v", wrote)
		}
	})
}

// The PINs that are kept to compare contents with are few, whatever goes by, and none is kept of what has ended.
func TestPINsAreBounded(t *testing.T) {
	hub := answering.NewHub(provisioning.Digester{})
	request := func(i int64) *provisioning.Request {
		return &provisioning.Request{Number: provisioning.RequestNumber{Offset: i}, NewPIN: provisioning.NewPIN("4321")}
	}
	for i := range int64(3 * answering.MostPINs) {
		hub.Saw(request(i))
		hub.Saw(request(i)) // again, as SENT
	}
	if kept, noted := hub.PINs(); kept != answering.MostPINs || noted != answering.MostPINs {
		t.Errorf("%d PINs are kept, in an account of %d", kept, noted)
	}
	for i := range int64(3 * answering.MostPINs) {
		ended := request(i)
		ended.NewPIN = provisioning.PIN{}
		hub.Saw(ended)
	}
	if kept, noted := hub.PINs(); kept != 0 || noted > answering.MostPINs {
		t.Errorf("%d PINs of requests that have ended are kept, in an account of %d", kept, noted)
	}
}
