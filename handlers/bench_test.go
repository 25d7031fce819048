package handlers_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/handlers"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
)

// BenchmarkBesideALine sends 100,000 requests of as many cards, and takes the headend's answers, with and without 10,000
// requests that wait on one card. Each iteration is a pair, in the other order each time; the metric is the median of
// how the time with the line is to that without: `go test ./handlers -run '^$' -bench BesideALine -benchtime 7x`.
func BenchmarkBesideALine(b *testing.B) {
	var ratios []float64
	for b.Loop() {
		var took [2]time.Duration
		order := []int{0, 1}
		if len(ratios)%2 == 1 {
			slices.Reverse(order)
		}
		for _, with := range order {
			took[with] = newMill(b).run(with*10_000, 100_000)
		}
		ratios = append(ratios, took[1].Seconds()/took[0].Seconds())
		b.Logf("without %s, with %s", took[0], took[1])
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "with/without")
}

// BenchmarkPause holds 100,000 requests of as many cards back as they come due, and lets them go: the time of a request
// that is held back and of one that goes again, and the longest step.
func BenchmarkPause(b *testing.B) {
	for b.Loop() {
		m := newMill(b)
		m.control.set(provisioning.RunControl{Paused: true})
		m.fill(100_000, func(i int) string { return fmt.Sprint(i) })
		began, longest := time.Now(), time.Duration(0)
		steps := 0
		for more := true; more; steps++ {
			step := time.Now()
			more = m.step(nil, 1000)
			longest = max(longest, time.Since(step))
		}
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/100_000, "ns/held")
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
		m.control.set(provisioning.RunControl{})
		began = time.Now()
		for more := true; more; {
			more = m.step(nil, 1000)
		}
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/100_000, "ns/sent")
	}
}

// mill is a partition of dispatch on a real disk, fed with entries, with nobody but the disk to wait for.
type mill struct {
	b       *testing.B
	set     *schemas.Set
	topics  schemas.Topics
	handler *handlers.Dispatch
	control *control
	now     time.Time
	offset  int64
	changes int64
	sent    []provisioning.SmartcardCommand
}

func newMill(b *testing.B) *mill {
	m := &mill{b: b, now: start.Time(), control: &control{changed: make(chan struct{})}}
	_, m.set = MustOpenRegistry(b, m.topics)
	stored, err := store.Open(b.TempDir(), store.Options{Decode: func(v []byte) (provisioning.Request, error) {
		return m.set.State.Decode(context.Background(), v)
	}})
	if err != nil {
		b.Fatal(err)
	}
	lease, err := stored.Lease(0)
	if err != nil {
		b.Fatal(err)
	}
	m.handler = handlers.NewDispatch(handlers.DispatchConfig{
		Topics: m.topics, Schemas: m.set, Metrics: handlers.NewMetrics(prometheus.NewRegistry()),
		Policy: provisioning.Policy{
			Results: true, Timeout: time.Hour, Attempts: 3, Retention: time.Hour,
			RetryMin: time.Second, RetryMax: time.Minute, InFlight: 1000, HoldAfter: 20, ProbeEvery: time.Second,
		},
		Control: m.control, Partitions: 12, Clock: func() time.Time { return m.now },
	}, 0, lease)
	b.Cleanup(func() {
		m.handler.Close()
		if err := stored.Close(); err != nil {
			b.Error(err)
		}
	})
	if _, err := m.handler.Checkpoint(m.now, 0, 0); err != nil {
		b.Fatal(err)
	}
	if err := m.handler.Restored(b.Context(), m.now, 0); err != nil {
		b.Fatal(err)
	}
	return m
}

// run sends requests for one card and for others, and returns how long the others took, from their creation on.
func (m *mill) run(line, others int) time.Duration {
	m.fill(line, func(int) string { return "the line's" })
	began := time.Now()
	m.fill(others, func(i int) string { return fmt.Sprint(i) })
	for done := 0; done < others; {
		m.step(m.answers(&done), 1000)
	}
	return time.Since(began)
}

// fill creates requests that are due, 1000 a step; nothing is woken.
func (m *mill) fill(n int, card func(int) string) {
	var entries []provisioning.Entry
	for i := range n {
		serial, number := card(i), "S-1001"
		entries = append(entries, provisioning.Entry{Create: &provisioning.CreateEntry{
			CommandID: fmt.Sprintf("%s-%d", serial, i), Source: "crm", Action: provisioning.ResetPIN,
			Subscription: provisioning.SubscriptionIdentifier{Number: &number},
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &serial}, AppendedAt: start,
		}})
		if len(entries) == 1000 || i == n-1 {
			m.step(entries, 0)
			entries = entries[:0]
		}
	}
}

// answers are those to everything sent; done counts the others'.
func (m *mill) answers(done *int) (entries []provisioning.Entry) {
	for _, c := range m.sent {
		entries = append(entries, provisioning.Entry{Result: &provisioning.ResultEntry{Result: provisioning.Result{
			RequestNumber: c.RequestNumber.String(), Attempt: c.Attempt, Status: provisioning.ResponseAccepted,
		}}})
		if *c.Smartcard.SerialNumber != "the line's" {
			*done++
		}
	}
	m.sent = m.sent[:0]
	return entries
}

// step is one step: entries, then waking, as the machine does it.
func (m *mill) step(entries []provisioning.Entry, limit int) (more bool) {
	m.now = m.now.Add(20 * time.Millisecond)
	ctx := m.b.Context()
	var out []record.Record
	for i := range entries {
		value, err := m.set.Entry.Append(nil, &entries[i])
		if err == nil {
			out, err = m.handler.Handle(ctx, &record.Record{Topic: m.topics.Requests(), Offset: m.offset, Value: value}, m.now, out)
		}
		if err != nil {
			m.b.Fatal(err)
		}
		m.offset++
	}
	var err error
	if limit > 0 {
		if out, more, err = m.handler.Wake(ctx, m.now, m.now, limit, out); err != nil {
			m.b.Fatal(err)
		}
	}
	if out, err = m.handler.Flush(out); err != nil {
		m.b.Fatal(err)
	}
	for i := range out {
		switch out[i].Topic {
		case m.topics.SmartcardCommands():
			c, err := m.set.SmartcardCommand.Decode(ctx, out[i].Value)
			if err != nil {
				m.b.Fatal(err)
			}
			m.sent = append(m.sent, c)
		case m.topics.State():
			m.changes++
		}
	}
	if err := m.handler.Apply(m.now, m.changes); err != nil {
		m.b.Fatal(err)
	}
	m.handler.Committed(m.now)
	return more
}
