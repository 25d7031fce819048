package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cardstream/torture/schedule"
)

// Storm injects each blow at its time and undoes it at the end of its time, and returns when all are undone. Where ctx
// ends before, what is under way is undone at once and the rest does not happen. say is told of each blow at its time,
// in order. An error is one of the chamber, not of what is tortured in it.
func Storm(ctx context.Context, s *Scene, kinds []Kind, blows []schedule.Blow, say func(schedule.Blow, Fault)) error {
	began, claims := time.Now(), newClaims(blows)
	var under sync.WaitGroup
	errs := make([]error, len(blows))
	for i, b := range blows {
		if pause(ctx, time.Until(began.Add(b.At))) != nil {
			break
		}
		fault := Named(kinds, b.Kind).New(s, b)
		say(b, fault)
		under.Go(func() {
			defer claims.take(b.Claims)()
			if err := strike(ctx, fault, began.Add(b.At+b.For)); err != nil {
				errs[i] = fmt.Errorf("fault %d, %s: %w", b.Number, fault.Name(), err)
				s.Log("%v", errs[i])
			}
		})
	}
	under.Wait()
	return errors.Join(errs...)
}

// undoWithin is how long the undoing of a fault may take: brokers that start on a busy machine need some.
const undoWithin = 3 * time.Minute

// strike injects a fault, waits until its time is up, and undoes it, whatever happened.
func strike(ctx context.Context, f Fault, until time.Time) error {
	err := f.Inject(ctx)
	if err == nil {
		_ = pause(ctx, time.Until(until)) // cut short where all is broken off
	}
	undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	if ctx.Err() != nil {
		err = nil // it was broken off
	}
	return errors.Join(err, f.Undo(undoing))
}

// claims keep a fault waiting while another still has its target: it may take longer to undo one than was planned.
type claims map[string]*sync.Mutex

func newClaims(blows []schedule.Blow) claims {
	c := claims{}
	for _, b := range blows {
		for _, name := range b.Claims {
			c[name] = &sync.Mutex{}
		}
	}
	return c
}

// take waits until all are free, and returns what gives them back.
func (c claims) take(names []string) func() {
	sorted := slices.Sorted(slices.Values(names)) // in one order everywhere, so that no two wait for each other
	for _, name := range sorted {
		c[name].Lock()
	}
	return func() {
		for _, name := range sorted {
			c[name].Unlock()
		}
	}
}
