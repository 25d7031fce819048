package faults

import (
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

// foundCorrupt is what a processor says when it comes upon rows that are not what they were. It cannot go on with that
// store and ends; the next start moves the store aside. That may be much later, and with another's store.
const foundCorrupt = "store: corrupt"

var storeGarbled = Kind{
	Name: "store-garbled", About: "a processor is killed and a file of its local store is not what it was",
	Least: 0, Most: 4 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		return &tampered{s.Processes, fmt.Sprintf("store %d is garbled", b.Target), []int{b.Target}, func() error {
			file, err := s.Stores.Garble(b.Target, b.Seed)
			s.Log("store-garbled: %s", file)
			s.Processes.Pardon(foundCorrupt)
			return err
		}}
	},
}
