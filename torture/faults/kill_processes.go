package faults

import (
	"time"

	"cardstream/torture/schedule"
)

var killEveryProcess = Kind{
	Name: "kill-processes", About: "kill -9 of all processors at once", Least: 0, Most: 4 * time.Second, On: EveryProcess,
	New: func(s *Scene, _ schedule.Blow) Fault {
		k := &kill{on: s.Processes}
		for slot := range s.Processes.Count() {
			k.slots = append(k.slots, slot)
		}
		return k
	},
}
