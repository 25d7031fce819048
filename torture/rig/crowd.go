package rig

import (
	"context"
	"errors"

	"cardstream/internal/ledger/chaos"
)

// crowd is one more process, that comes and goes.
type crowd struct {
	config  chaos.Config
	present *chaos.Fleet
}

// Join starts it.
func (c *crowd) Join() error {
	fleet, err := chaos.Start(c.config)
	if err == nil {
		c.present = fleet
	}
	return err
}

// Leave ends it in order, or kills it.
func (c *crowd) Leave(ctx context.Context, inOrder bool) error {
	if c.present == nil {
		return nil
	}
	var err error
	if inOrder {
		ctx, cancel := context.WithTimeout(ctx, heedWithin)
		defer cancel()
		_, err = c.present.Terminate(ctx, 0)
	}
	err = errors.Join(err, c.present.Close())
	c.present = nil
	return err
}

// headend is the simulated headend as something that can be down.
type headend struct{ fleet *chaos.Fleet }

// Stop kills it.
func (h headend) Stop(context.Context) error { return h.fleet.Kill(0) }

// Start starts it again.
func (h headend) Start(context.Context) error {
	if ended, _ := h.fleet.Ended(0); !ended {
		return nil
	}
	return h.fleet.Restart(0)
}
