package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pulse notes when something new could be read as committed from each partition of smartcard.commands. That is the end
// of the whole line: where one of the two stages stands still in a partition, nothing more arrives there.
type pulse struct {
	mu     sync.Mutex
	beats  [partitions][]time.Time // in order; at most one a poll
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// takePulse reads from now on, to the test's end.
func (d *deployment) takePulse() *pulse {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &pulse{cancel: cancel}
	client := d.cluster.Client(d.t, kgo.ConsumeTopics(d.prefix+"smartcard.commands"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.MetadataMinAge(100*time.Millisecond))
	p.done.Go(func() {
		for ctx.Err() == nil {
			fetches := client.PollFetches(ctx) // errors pass: what counts is what arrives
			p.note(fetches, time.Now())
		}
	})
	d.t.Cleanup(func() { cancel(); p.done.Wait() })
	return p
}

func (p *pulse) note(fetches kgo.Fetches, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fetches.EachPartition(func(fetched kgo.FetchTopicPartition) {
		if len(fetched.Records) > 0 {
			p.beats[fetched.Partition] = append(p.beats[fetched.Partition], now)
		}
	})
}

// movedSince counts the partitions that have beaten since then.
func (p *pulse) movedSince(then time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	moved := 0
	for _, beats := range p.beats {
		if len(beats) > 0 && beats[len(beats)-1].After(then) {
			moved++
		}
	}
	return moved
}

// awaitMoving waits until every partition beats.
func (p *pulse) awaitMoving(t *testing.T, what string) {
	t.Helper()
	now := time.Now()
	eventually(t, time.Minute, what+": every partition moves", func() bool { return p.movedSince(now) == partitions })
}

// standstills returns the longest time without a beat of each partition between since and now.
func (p *pulse) standstills(since time.Time) standstills {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest standstills
	for partition, beats := range p.beats {
		last := since
		for _, at := range append(slices.Clone(beats), time.Now()) {
			if at.After(since) {
				longest[partition] = max(longest[partition], at.Sub(last))
				last = at
			}
		}
	}
	return longest
}

// standstills is how long each partition stood still at most.
type standstills [partitions]time.Duration

func (s standstills) String() string {
	sorted := slices.Sorted(slices.Values(s[:]))
	for i := range sorted {
		sorted[i] = sorted[i].Round(time.Millisecond)
	}
	return fmt.Sprint(sorted)
}

// baseline is how long a partition stands still where nothing has happened: what a busy machine alone costs.
func (p *pulse) baseline(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	pause(t, 8*time.Second)
	longest := p.standstills(began)
	return slices.Max(longest[:])
}

// warmUp is how long the load goes on before a blow. Brokers that have just started compile themselves, and three of them
// leave little of a small machine meanwhile.
func warmUp(t *testing.T) time.Duration {
	t.Helper()
	return time.Duration(number(t, "CARDSTREAM_E2E_WARM", 0)) * time.Second
}

// watch observes a while after a blow at since, and says for how long partitions stood still: most is what it should be
// on a machine with nothing else to do. On brokers that were warmed up it is taken at its word. Else what a step takes without
// a blow is added, for the one before it and the one behind: a busy machine is no fault of what is tested.
func (p *pulse) watch(t *testing.T, what string, since time.Time, observe, most, baseline time.Duration) {
	t.Helper()
	pause(t, time.Until(since.Add(observe)))
	longest := p.standstills(since)
	worst := slices.Max(longest[:])
	t.Logf("%s: partitions stood still for up to %s (at most %s; %s without it): %s", what,
		worst.Round(time.Millisecond), most, baseline.Round(time.Millisecond), longest)
	bound := most + 2*baseline
	if warmUp(t) > 0 {
		bound = most
	}
	if worst > bound {
		t.Errorf("%s: a partition stood still for %s, more than %s", what, worst, bound)
	}
	p.awaitMoving(t, "after "+what)
}

// pause lets the outside world go on for a while: here time itself is what a test is about.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}
