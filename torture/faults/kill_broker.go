package faults

import (
	"context"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var killBroker = Kind{
	Name: "kill-broker", About: "kill -9 of a broker", Least: 2 * time.Second, Most: 15 * time.Second, On: Brokers,
	New: func(s *Scene, b schedule.Blow) Fault { return &killNodes{s.Brokers, []int{b.Target + 1}} },
}

// killNodes is a crash of brokers. What they had in the page cache survives, as it does when a process dies.
type killNodes struct {
	on    Cluster
	nodes []int
}

func (k *killNodes) Name() string {
	if len(k.nodes) == 1 {
		return fmt.Sprintf("kill -9 of broker %d", k.nodes[0])
	}
	return fmt.Sprintf("kill -9 of brokers %v", k.nodes)
}

func (k *killNodes) Inject(ctx context.Context) error { return k.on.Kill(ctx, k.nodes...) }
func (k *killNodes) Undo(ctx context.Context) error   { return k.on.Revive(ctx) }
