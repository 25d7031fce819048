package faults

import (
	"time"

	"cardstream/torture/schedule"
)

var headendDown = Kind{
	Name: "headend-down", About: "the headend is down: smartcard commands go unanswered", Least: 3 * time.Second,
	Most: 15 * time.Second, On: Headend,
	New: func(s *Scene, _ schedule.Blow) Fault { return &down{"the headend is down", s.Headend} },
}
