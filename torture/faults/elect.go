package faults

import (
	"context"
	"time"

	"cardstream/torture/schedule"
)

var elect = Kind{
	Name: "elect", About: "partitions get another preferred leader, which is elected; coordinators move with them",
	Least: 1 * time.Second, Most: 4 * time.Second, On: Replicas,
	New: func(s *Scene, b schedule.Blow) Fault { return &elected{s, b.Seed} },
}

// elected moves leaders about, replicas staying where they are.
type elected struct {
	on   *Scene
	seed uint64
}

func (e *elected) Name() string { return "partitions get other leaders" }

// Inject has no effect, and says so, where the brokers are not there to do it: that is another fault's doing.
func (e *elected) Inject(ctx context.Context) error {
	n, err := e.on.Replicas.Lead(ctx, e.seed)
	e.on.Log("elect: %d partitions; %v", n, err)
	return ctx.Err()
}

// Undo does nothing: any leader is as good as another.
func (e *elected) Undo(context.Context) error { return nil }
