package stream

import "context"

// gate lets a bounded number in at a time: restores run side by side, but each holds memory, and past a few more of them
// do not end sooner. The nil gate is open.
type gate chan struct{}

// newGate makes a gate of so many places; an open one where that is not positive.
func newGate(places int) gate {
	if places <= 0 {
		return nil
	}
	return make(gate, places)
}

// enter waits for a place.
func (g gate) enter(ctx context.Context) error {
	if g == nil {
		return nil
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives the place back.
func (g gate) leave() {
	if g != nil {
		<-g
	}
}
