package cluster

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff spaces out attempts: the n-th wait is a random part of Min doubled n times, at most Max. Taking a random part
// of the whole ("full jitter") keeps those who failed together from coming back together. One goroutine uses it, for
// one piece of work.
type Backoff struct {
	Min, Max time.Duration
	attempts int
}

// Wait waits, or returns the cause of ctx's end if that comes first; at once if ctx has ended already.
func (b *Backoff) Wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Reset makes the next wait a first one: after a success.
func (b *Backoff) Reset() { b.attempts = 0 }

func (b *Backoff) next() time.Duration {
	bound := b.Min
	for range b.attempts {
		if bound >= b.Max/2 {
			bound = b.Max
			break
		}
		bound *= 2
	}
	b.attempts++
	return rand.N(max(1, min(bound, b.Max))) + 1
}
