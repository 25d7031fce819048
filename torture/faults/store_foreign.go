package faults

import (
	"errors"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var storeForeign = Kind{
	Name: "store-foreign", About: "a processor is killed and finds another's local store, another cluster's, or its own of long ago",
	Least: 0, Most: 4 * time.Second, On: TwoProcesses,
	New: func(s *Scene, b schedule.Blow) Fault {
		a := b.Target
		other := (a + 1) % s.Processes.Count()
		switch random(b).IntN(3) {
		case 0:
			return &tampered{s.Processes, fmt.Sprintf("stores %d and %d change places", a, other), []int{a, other},
				func() error { return s.Stores.Swap(a, other) }}
		case 1:
			return &tampered{s.Processes, fmt.Sprintf("store %d is another cluster's", a), []int{a},
				func() error { return s.Stores.Alien(a) }}
		}
		return &tampered{s.Processes, fmt.Sprintf("store %d is an old copy", a), []int{a}, func() error { return age(s, a) }}
	},
}

// age puts the last copy of a store in its place, and keeps what stood there for the next time. The first time there is
// none yet.
func age(s *Scene, slot int) error {
	was, err := s.Stores.Old(slot)
	if !was {
		s.Log("store-foreign: no copy of store %d yet: it is kept for the next time", slot)
		err = errors.Join(err, s.Stores.Keep(slot))
	}
	return err
}
