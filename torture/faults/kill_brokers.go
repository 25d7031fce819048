package faults

import (
	"time"

	"cardstream/torture/schedule"
)

var killEveryBroker = Kind{
	Name: "kill-brokers", About: "kill -9 of all brokers at once", Least: 0, Most: 10 * time.Second, On: Brokers,
	New: func(s *Scene, _ schedule.Blow) Fault { return &killNodes{s.Brokers, []int{1, 2, 3}} },
}
