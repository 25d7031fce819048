package rig

import (
	"context"
	"errors"
	"os/exec"
	"syscall"

	"cardstream/internal/ledger/chaos"
)

// crowd is one more process, that comes and goes.
type crowd struct {
	config  chaos.Config
	present *chaos.Fleet
}

func newCrowd(c chaos.Config) *crowd { return &crowd{config: c} }

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
		if _, err = c.present.Terminate(ctx, 0); endedBy(err, syscall.SIGTERM) {
			err = nil // it had just been started, and did not listen for signals yet
		}
	}
	err = errors.Join(err, c.present.Close())
	c.present = nil
	return err
}

// endedBy reports whether that is how a process ended: by a signal, and nothing of its own.
func endedBy(err error, by syscall.Signal) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == by
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
