package faults

import (
	"context"
	"time"

	"cardstream/torture/schedule"
)

var registryAway = Kind{
	Name: "registry-away", About: "the schema registry is down", Least: 5 * time.Second, Most: 15 * time.Second, On: Registry,
	New: func(s *Scene, _ schedule.Blow) Fault { return &down{"the registry is down", s.Registry} },
}

var headendDown = Kind{
	Name: "headend-down", About: "the headend is down: smartcard commands go unanswered", Least: 3 * time.Second,
	Most: 15 * time.Second, On: Headend,
	New: func(s *Scene, _ schedule.Blow) Fault { return &down{"the headend is down", s.Headend} },
}

// down is a service that is not there.
type down struct {
	name string
	Service
}

func (d *down) Name() string                     { return d.name }
func (d *down) Inject(ctx context.Context) error { return d.Stop(ctx) }
func (d *down) Undo(ctx context.Context) error   { return d.Start(ctx) }
