package handlers_test

import (
	"fmt"
	"testing"
	"time"

	"cardstream/provisioning"
)

// The headend is down for five minutes, in which 10,000 requests fall due. Nothing is REJECTED for it; what is sent
// meanwhile are probes, and what it takes to find out; and afterwards all is sent in order, at the set rate.
func TestOutage(t *testing.T) {
	const (
		requests = 10_000
		down, up = 10 * time.Second, 310 * time.Second
		rate     = 500 // of this partition
	)
	policy := milled(1000)
	policy.Timeout, policy.ProbeEvery = time.Second, 10*time.Second
	o := &outage{t: t, mill: newMill(t, policy), down: start.Add(down), up: start.Add(up)}
	o.mill.control.set(provisioning.RunControl{Rate: 12 * rate})
	o.mill.fill(requests, func(i int) string { return fmt.Sprint(i) }, func(i int) *provisioning.Timestamp {
		return new(start.Add(time.Duration(i) * up / requests))
	})
	for o.mill.lease.Counts().Completed < requests {
		o.step()
	}
	took := provisioning.TimestampOf(o.mill.now).Sub(o.up)
	t.Logf("%d attempts were lost; all is done %s after the outage", o.lost, took)
	dueInASecond := int(requests * time.Second / up)
	if most := policy.HoldAfter + int32(2*dueInASecond) + int32((up-down)/policy.ProbeEvery) + 1; o.lost > int(most) {
		t.Errorf("%d attempts were lost, want %d at most", o.lost, most)
	}
	if most := policy.ProbeEvery + (requests/rate+2)*time.Second; took > most {
		t.Errorf("it took %s, want %s at most", took, most)
	}
}

// outage is a headend that answers after 50 ms, but for some time in which all that it is sent is lost.
type outage struct {
	t        *testing.T
	mill     *mill
	down, up provisioning.Timestamp

	answers  []provisioning.Entry
	answerAt time.Time
	lost     int
	last     int64 // the last first attempt since the headend was up again
}

// step goes to the next moment at which something happens.
func (o *outage) step() {
	m := o.mill
	at := m.next()
	var entries []provisioning.Entry
	if len(o.answers) > 0 && !o.answerAt.After(at) {
		at, entries, o.answers = o.answerAt, o.answers, nil
	}
	if at.After(m.now) {
		m.now = at
	}
	m.step(entries, 1000)
	for i := range m.sent {
		o.take(&m.sent[i])
	}
	m.sent = m.sent[:0]
	if m.lease.Counts().Rejected > 0 {
		o.t.Fatal("something was REJECTED")
	}
}

// take is what the headend does with an attempt.
func (o *outage) take(c *provisioning.SmartcardCommand) {
	if c.IssuedAt >= o.down && c.IssuedAt < o.up {
		o.lost++
		return
	}
	if c.IssuedAt >= o.up && c.Attempt == 1 {
		if c.RequestNumber.Offset < o.last {
			o.t.Fatalf("%s is sent behind %d", c.RequestNumber, o.last)
		}
		o.last = c.RequestNumber.Offset
	}
	if len(o.answers) == 0 {
		o.answerAt = o.mill.now.Add(50 * time.Millisecond)
	}
	o.answers = append(o.answers, accepted(c))
}
