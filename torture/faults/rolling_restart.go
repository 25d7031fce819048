package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var rollingRestart = Kind{
	Name: "rolling-restart", About: "SIGTERM of each processor and its start, one after another",
	Least: 6 * time.Second, Most: 15 * time.Second, On: EveryProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &rolling{on: s.Processes, over: b.For} },
}

// rolling is what an operator does to put a new version in.
type rolling struct {
	on   Processes
	over time.Duration
	work *repeatedly
}

func (r *rolling) Name() string { return fmt.Sprintf("restart of %d processes in turn", r.on.Count()) }

func (r *rolling) Inject(ctx context.Context) error {
	r.work = start(ctx, func(ctx context.Context) error {
		for slot := range r.on.Count() {
			err := r.on.Terminate(context.WithoutCancel(ctx), slot)
			if err := errors.Join(err, r.on.Start(slot)); err != nil {
				return err
			}
			if err := pause(ctx, r.over/time.Duration(r.on.Count())); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// Undo breaks off where not all had their turn yet.
func (r *rolling) Undo(context.Context) error {
	err := r.work.end()
	for slot := range r.on.Count() {
		err = errors.Join(err, r.on.Start(slot))
	}
	return err
}
