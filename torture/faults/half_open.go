package faults

import (
	"context"
	"time"

	"cardstream/torture/schedule"
)

var halfOpen = Kind{
	Name: "half-open", About: "brokers' ends of a processor's connections are gone and its own stay open, new ones too",
	Least: 5 * time.Second, Most: 25 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &stranding{wiresOf(s, b), s.Log} },
}

// stranding leaves a process with connections that nobody holds at the other end.
type stranding struct {
	wires
	log func(format string, args ...any)
}

func (s *stranding) Name() string { return s.String() + " are half-open" }

func (s *stranding) Inject(context.Context) error {
	s.log("half-open: %d connections", s.on.Strand(s.slot, s.node))
	return nil
}

func (s *stranding) Undo(context.Context) error {
	s.on.Unstrand(s.slot, s.node)
	return nil
}
