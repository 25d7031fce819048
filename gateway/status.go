package gateway

import (
	"context"
	"fmt"
	"time"
)

// Status is how far one partition of the read model is, or another part of the gateway, for /readyz.
type Status struct {
	Stage     string `json:"stage"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	State     string `json:"state"`
	Detail    string `json:"detail"`
}

// The states, as those of the stages' tasks.
const (
	starting  = "starting"
	restoring = "restoring"
	stepping  = "stepping"
)

// Ready reports whether requests are served: tokens can be verified, outcomes will be heard, and the read model has all
// that its topic had when this process began.
func (g *Gateway) Ready() bool { return g.keys.Ready() && g.events.Following() && g.state.CaughtUp() }

// AwaitReady waits until requests are served, or ctx ends.
func (g *Gateway) AwaitReady(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !g.Ready() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Status says what each partition of the read model is doing.
func (g *Gateway) Status() []Status {
	list := make([]Status, 0, g.Partitions)
	for p := range g.Partitions {
		s := Status{Stage: "gateway", Topic: g.Topics.State(), Partition: p, State: stepping}
		position, target, caughtUp := g.state.Progress(p)
		switch {
		case target < 0:
			s.State = starting
		case !caughtUp:
			s.State, s.Detail = restoring, fmt.Sprintf("at offset %d of %d", position, target)
		case !g.keys.Ready():
			s.State, s.Detail = starting, "the keys for tokens have not been read yet"
		case !g.events.Following():
			s.State, s.Detail = starting, "events are not followed yet"
		}
		list = append(list, s)
	}
	return list
}
