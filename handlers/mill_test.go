package handlers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/handlers"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
)

// mill is a partition of dispatch on a real disk, fed with entries, with nobody but the disk to wait for.
type mill struct {
	tb      testing.TB
	set     *schemas.Set
	topics  schemas.Topics
	handler *handlers.Dispatch
	control *control
	now     time.Time
	offset  int64
	changes int64
	lease   *store.Partition

	sent []provisioning.SmartcardCommand // and not looked at yet
}

func newMill(tb testing.TB, policy provisioning.Policy) *mill {
	m := &mill{tb: tb, now: start.Time(), control: &control{changed: make(chan struct{})}}
	_, m.set = MustOpenRegistry(tb, m.topics)
	stored, err := store.Open(tb.TempDir(), store.Options{Decode: func(v []byte) (provisioning.Request, error) {
		return m.set.State.Decode(context.Background(), v)
	}})
	if err != nil {
		tb.Fatal(err)
	}
	lease, err := stored.Lease(0)
	if err != nil {
		tb.Fatal(err)
	}
	m.lease = lease
	m.handler = handlers.NewDispatch(handlers.DispatchConfig{
		Topics: m.topics, Schemas: m.set, Metrics: handlers.NewMetrics(prometheus.NewRegistry()),
		Policy: policy, Control: m.control, Partitions: 12, Clock: func() time.Time { return m.now },
	}, 0, lease)
	tb.Cleanup(func() {
		m.handler.Close()
		if err := stored.Close(); err != nil {
			tb.Error(err)
		}
	})
	if _, err := m.handler.Checkpoint(m.now, 0, 0); err != nil {
		tb.Fatal(err)
	}
	if err := m.handler.Restored(tb.Context(), m.now, 0); err != nil {
		tb.Fatal(err)
	}
	return m
}

// next is when the handler has something to do.
func (m *mill) next() time.Time {
	at, found, err := m.handler.NextWake()
	if err != nil || !found {
		m.tb.Fatalf("nothing will ever happen again: %v", err)
	}
	return at
}

// fill creates requests, 1000 a step; nothing is woken. Date says when each is due; nil: at once.
func (m *mill) fill(n int, card func(int) string, date func(int) *provisioning.Timestamp) {
	var entries []provisioning.Entry
	for i := range n {
		serial, number := card(i), "S-1001"
		entries = append(entries, provisioning.Entry{Create: &provisioning.CreateEntry{
			CommandID: fmt.Sprintf("%s-%d", serial, i), Source: "crm", Action: provisioning.ResetPIN,
			Subscription: provisioning.SubscriptionIdentifier{Number: &number},
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &serial}, AppendedAt: start,
		}})
		if date != nil {
			entries[len(entries)-1].Create.ScheduledDate = date(i)
		}
		if len(entries) == 1000 || i == n-1 {
			m.step(entries, 0)
			entries = entries[:0]
		}
	}
}

// immediate creates an immediate request, as one step without waking.
func (m *mill) immediate(serial string) {
	m.step([]provisioning.Entry{{Create: &provisioning.CreateEntry{
		CommandID: "now", Source: "crm", Action: provisioning.ResetPIN, ProcessImmediately: true,
		Subscription: provisioning.SubscriptionIdentifier{Number: new("S-1001")},
		Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &serial}, AppendedAt: start,
	}}}, 0)
}

// accepted is the headend's answer to an attempt.
func accepted(c *provisioning.SmartcardCommand) provisioning.Entry {
	return provisioning.Entry{Result: &provisioning.ResultEntry{Result: provisioning.Result{
		RequestNumber: c.RequestNumber.String(), Attempt: c.Attempt, Status: provisioning.ResponseAccepted,
	}}}
}

// step is one step: entries, then waking, as the machine does it.
func (m *mill) step(entries []provisioning.Entry, limit int) (more bool) {
	ctx := m.tb.Context()
	var out []record.Record
	for i := range entries {
		value, err := m.set.Entry.Append(nil, &entries[i])
		if err == nil {
			out, err = m.handler.Handle(ctx, &record.Record{Topic: m.topics.Requests(), Offset: m.offset, Value: value}, m.now, out)
		}
		if err != nil {
			m.tb.Fatal(err)
		}
		m.offset++
	}
	var err error
	if limit > 0 {
		if out, more, err = m.handler.Wake(ctx, m.now, m.now, limit, out); err != nil {
			m.tb.Fatal(err)
		}
	}
	if out, err = m.handler.Flush(out); err != nil {
		m.tb.Fatal(err)
	}
	for i := range out {
		switch out[i].Topic {
		case m.topics.SmartcardCommands():
			c, err := m.set.SmartcardCommand.Decode(ctx, out[i].Value)
			if err != nil {
				m.tb.Fatal(err)
			}
			m.sent = append(m.sent, c)
		case m.topics.State():
			m.changes++
		}
	}
	if err := m.handler.Apply(m.now, m.changes); err != nil {
		m.tb.Fatal(err)
	}
	m.handler.Committed(m.now)
	return more
}
