package faults

import (
	"context"
	"time"

	"cardstream/torture/schedule"
)

var cut = Kind{
	Name: "cut", About: "connections of a processor are reset, again and again",
	Least: 2 * time.Second, Most: 10 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &cuts{wires: wiresOf(s, b), blow: b, log: s.Log} },
}

// cuts resets connections wherever their requests are.
type cuts struct {
	wires
	blow schedule.Blow
	log  func(format string, args ...any)
	made int
	work *repeatedly
}

func (c *cuts) Name() string { return c.String() + " are cut, again and again" }

func (c *cuts) Inject(ctx context.Context) error {
	draw := random(c.blow)
	c.work = start(ctx, func(ctx context.Context) error {
		for {
			c.made += c.on.Cut(c.slot, c.node)
			if err := pause(ctx, time.Duration(20+draw.IntN(1500))*time.Millisecond); err != nil {
				return err
			}
		}
	})
	return nil
}

func (c *cuts) Undo(context.Context) error {
	err := c.work.end()
	c.log("cut: %d connections", c.made)
	return err
}
