//go:build unix

package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Storm is a series of kills, and freezes, at random moments.
type Storm struct {
	Kills int // at least so many; a blow may kill several

	// A blow comes between half and one and a half times Pause after the last restart, zero is one second, but only while
	// Busy says that there is work in hand; nil: always.
	Pause time.Duration
	Busy  func() bool

	// Some blows freeze one process instead of killing any, for about so long, zero: none does. Frozen for longer than
	// its session, it wakes up believing that it still owns what others have taken over.
	Freeze time.Duration

	// Struck hears of every blow that kills, with the slots of the killed, before they start again; nil: nobody does.
	Struck func(slots []int)

	// The killed start again after between zero and twice Down; zero is half a second.
	Down time.Duration
}

// How rarely a blow kills all processes at once, and how rarely it freezes one.
const (
	oneInAll    = 5
	oneInFreeze = 4
)

// Storm kills and restarts until there were enough kills, and returns how many it made. All processes are running
// again then. It ends early where a process has ended by itself, or there is no work in hand until ctx ends.
func (f *Fleet) Storm(ctx context.Context, storm Storm) (int, error) {
	made := 0
	for made < storm.Kills {
		pause := f.about(cmp.Or(storm.Pause, time.Second), 0.5)
		if err := wait(ctx, pause); err != nil {
			return made, err
		}
		if err := busy(ctx, storm.Busy); err != nil {
			return made, err
		}
		if storm.Freeze > 0 && f.draw(oneInFreeze) {
			if err := f.freeze(ctx, f.about(storm.Freeze, 0.25)); err != nil {
				return made, err
			}
			continue
		}
		struck, err := f.blow()
		if made += len(struck); err != nil {
			return made, err
		}
		if storm.Struck != nil {
			storm.Struck(struck)
		}
		down := f.about(cmp.Or(storm.Down, time.Second/2), 1)
		f.config.Log("chaos: kill %d: %v after %s, down for %s", made, struck, pause, down)
		if err := wait(ctx, down); err != nil {
			return made, err
		}
		for _, slot := range struck {
			if err := f.Restart(slot); err != nil {
				return made, err
			}
		}
	}
	return made, f.Running()
}

// blow kills one process, or all, and returns which.
func (f *Fleet) blow() ([]int, error) {
	if err := f.Running(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	slots := f.random.Perm(len(f.slots))
	f.mu.Unlock()
	if !f.draw(oneInAll) {
		slots = slots[:1]
	}
	for _, slot := range slots {
		if err := f.Kill(slot); err != nil {
			return nil, err
		}
	}
	return slots, nil
}

// freeze stops one process for so long.
func (f *Fleet) freeze(ctx context.Context, d time.Duration) error {
	if err := f.Running(); err != nil {
		return err
	}
	f.mu.Lock()
	slot := f.random.IntN(len(f.slots))
	f.mu.Unlock()
	f.config.Log("chaos: freeze: %d for %s", slot, d)
	if err := f.Stop(slot); err != nil {
		return err
	}
	return errors.Join(wait(ctx, d), f.Continue(slot))
}

// draw is true once in so many times.
func (f *Fleet) draw(oneIn int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(oneIn) == 0
}

// about draws a duration around d, by at most the share of it in either direction.
func (f *Fleet) about(d time.Duration, share float64) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(float64(d) * (1 + share*(2*f.random.Float64()-1)))
}

// busy waits until there is work in hand.
func busy(ctx context.Context, is func() bool) error {
	for is != nil && !is() {
		if err := wait(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("no work in hand to kill in: %w", err)
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
