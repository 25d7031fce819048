package handlers_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cardstream/provisioning"
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
			took[with] = newMill(b, milled(1000)).run(with*10_000, 100_000)
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
		m := newMill(b, milled(0))
		m.control.set(provisioning.RunControl{Paused: true})
		m.fill(100_000, func(i int) string { return fmt.Sprint(i) }, nil)
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

// milled is the usual policy, with this bound of what is in flight.
func milled(inFlight int64) provisioning.Policy {
	return provisioning.Policy{
		Results: true, Timeout: time.Hour, Attempts: 3, Retention: time.Hour,
		RetryMin: time.Second, RetryMax: time.Minute, InFlight: inFlight, HoldAfter: 20, ProbeEvery: time.Second,
	}
}

// run sends requests for one card and for others, and returns how long the others took, from their creation on.
func (m *mill) run(line, others int) time.Duration {
	m.fill(line, func(int) string { return "the line's" }, nil)
	began := time.Now()
	m.fill(others, func(i int) string { return fmt.Sprint(i) }, nil)
	for done := 0; done < others; {
		m.now = m.now.Add(20 * time.Millisecond)
		m.step(m.answers(&done), 1000)
	}
	return time.Since(began)
}

// answers are those to everything sent; done counts the others'.
func (m *mill) answers(done *int) (entries []provisioning.Entry) {
	for _, c := range m.sent {
		entries = append(entries, accepted(&c))
		if *c.Smartcard.SerialNumber != "the line's" {
			*done++
		}
	}
	m.sent = m.sent[:0]
	return entries
}
