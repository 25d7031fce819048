package faults

import (
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var storeLost = Kind{
	Name: "store-lost", About: "a processor is killed and its local store deleted", Least: 0, Most: 4 * time.Second,
	On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		return &tampered{s.Processes, fmt.Sprintf("store %d is deleted", b.Target), []int{b.Target},
			func() error { return s.Stores.Remove(b.Target) }}
	},
}
