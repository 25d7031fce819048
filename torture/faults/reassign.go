package faults

import (
	"context"
	"time"

	"cardstream/torture/schedule"
)

// reassign does not happen while brokers are down, nor do they go down before every replica is back and in sync. Kafka
// 4.4.0 leaves a replica that was taken away among the eligible leaders (KIP-966) of a partition that is short of replicas
// in sync; given back, it may be elected with an empty log, and the others throw away what they have (docs/guarantees.md).
var reassign = Kind{
	Name: "reassign", About: "partitions get other replicas and other leaders, also those of offsets and transactions",
	Least: 5 * time.Second, Most: 15 * time.Second, On: Reassignment,
	New: func(s *Scene, b schedule.Blow) Fault { return &moved{s, b.Seed} },
}

// moved takes a replica away from partitions, and gives it back.
type moved struct {
	on   *Scene
	seed uint64
}

func (m *moved) Name() string { return "partitions get other replicas" }

// Inject has no effect, and says so, where the brokers are not there to do it: that is another fault's doing.
func (m *moved) Inject(ctx context.Context) error {
	n, err := m.on.Replicas.Move(ctx, m.seed)
	m.on.Log("reassign: %d partitions; %v", n, err)
	return ctx.Err()
}

func (m *moved) Undo(ctx context.Context) error { return m.on.Replicas.Spread(ctx) }
