package faults

import (
	"context"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

// MostWrong is how far a clock jumps at most, in seconds.
const MostWrong = 20

var clockJump = Kind{
	Name: "clock", About: fmt.Sprintf("a processor's clock jumps by up to %d s, back or ahead, and back again", MostWrong),
	Least: 5 * time.Second, Most: 20 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		seconds := 1 + random(b).IntN(MostWrong)
		if b.Seed%2 == 0 {
			seconds = -seconds
		}
		return &jump{s.Clocks, b.Target, seconds}
	},
	Missing: func(s *Scene) string {
		if s.Clocks.Settable() {
			return ""
		}
		return "a binary that was built with -tags torture"
	},
}

// jump sets a clock, and sets it right.
type jump struct {
	on      Clocks
	slot    int
	seconds int
}

func (j *jump) Name() string {
	return fmt.Sprintf("clock of process %d jumps by %+d s", j.slot, j.seconds)
}
func (j *jump) Inject(context.Context) error { return j.on.Wrong(j.slot, j.seconds) }
func (j *jump) Undo(context.Context) error   { return j.on.Wrong(j.slot, 0) }
