package faults

import (
	"context"
	"errors"
	"time"

	"cardstream/torture/schedule"
)

var rebalanceStorm = Kind{
	Name: "rebalance-storm", About: "one more processor joins and leaves, again and again, in order or killed",
	Least: 8 * time.Second, Most: 20 * time.Second, On: Newcomers,
	New: func(s *Scene, b schedule.Blow) Fault { return &storm{crowd: s.Newcomers, blow: b} },
}

// storm makes the groups rebalance faster than they can settle.
type storm struct {
	crowd Crowd
	blow  schedule.Blow
	work  *repeatedly
}

func (s *storm) Name() string { return "a process joins and leaves, again and again" }

func (s *storm) Inject(ctx context.Context) error {
	draw := random(s.blow)
	s.work = start(ctx, func(ctx context.Context) error {
		for {
			if err := s.crowd.Join(); err != nil {
				return err
			}
			if err := pause(ctx, time.Duration(500+draw.IntN(2500))*time.Millisecond); err != nil {
				return err
			}
			if err := s.crowd.Leave(context.WithoutCancel(ctx), draw.IntN(2) == 0); err != nil {
				return err
			}
			if err := pause(ctx, time.Duration(draw.IntN(1000))*time.Millisecond); err != nil {
				return err
			}
		}
	})
	return nil
}

func (s *storm) Undo(ctx context.Context) error {
	return errors.Join(s.work.end(), s.crowd.Leave(ctx, true))
}
