package faults

import (
	"time"

	"cardstream/torture/schedule"
)

var registryAway = Kind{
	Name: "registry-away", About: "the schema registry is down", Least: 5 * time.Second, Most: 15 * time.Second, On: Registry,
	New: func(s *Scene, _ schedule.Blow) Fault { return &down{"the registry is down", s.Registry} },
}
