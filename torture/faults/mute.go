package faults

import (
	"time"

	"cardstream/torture/proxy"
	"cardstream/torture/schedule"
)

// It may be longer than the patience with a request (10 s), a session (6 s) and a transaction (30 s).
var mute = Kind{
	Name: "mute", About: "nothing gets through between a processor and brokers: requests, answers or both; then it arrives late",
	Least: 3 * time.Second, Most: 35 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		draw := random(b)
		which := []struct {
			directions proxy.Directions
			how        string
		}{
			{proxy.Requests, "lose requests"}, {proxy.Answers, "lose answers"},
			{proxy.Requests | proxy.Answers, "lose everything"},
		}[draw.IntN(3)]
		return &weather{wiresOf(s, b), which.how, proxy.Weather{Mute: which.directions}}
	},
}
