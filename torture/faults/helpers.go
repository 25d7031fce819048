package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cardstream/torture/schedule"
)

// random draws what a fault has to draw; where that is for several purposes, each has a stream of its own.
func random(b schedule.Blow) *rand.Rand { return stream(b, 3) }

func stream(b schedule.Blow, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(b.Seed, purpose))
}

// pause waits, or says why it did not.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// repeatedly runs something in the background until its end is asked for.
type repeatedly struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // read after ended
}

func start(ctx context.Context, work func(ctx context.Context) error) *repeatedly {
	ctx, cancel := context.WithCancel(ctx)
	r := &repeatedly{cancel: cancel, ended: make(chan struct{})}
	go func() { // ends with end
		defer close(r.ended)
		if err := work(ctx); !errors.Is(err, ctx.Err()) { // that it was told to end is no error
			r.err = err
		}
	}()
	return r
}

// end stops the work and returns what went wrong with it before; nil never began.
func (r *repeatedly) end() error {
	if r == nil {
		return nil
	}
	r.cancel()
	<-r.ended
	return r.err
}
