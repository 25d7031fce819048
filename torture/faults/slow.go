package faults

import (
	"context"
	"fmt"
	"time"

	"cardstream/torture/proxy"
	"cardstream/torture/schedule"
)

var slow = Kind{
	Name: "slow", About: "connections of a processor get slow and thin", Least: 5 * time.Second, Most: 20 * time.Second,
	On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		draw := random(b)
		return &weather{wiresOf(s, b), "are slow", proxy.Weather{
			Delay:          time.Duration(20+draw.IntN(600)) * time.Millisecond,
			BytesPerSecond: (16 + draw.IntN(240)) << 10,
		}}
	},
}

// weather is a change of how bytes get through.
type weather struct {
	wires
	how string
	proxy.Weather
}

func (w *weather) Name() string {
	text := w.String() + " " + w.how
	if w.Delay > 0 {
		text += fmt.Sprintf(": %s, %d KiB/s", w.Delay, w.BytesPerSecond>>10)
	}
	return text
}

func (w *weather) Inject(context.Context) error {
	w.on.Change(w.slot, w.node, w.Weather)
	return nil
}

func (w *weather) Undo(context.Context) error {
	w.on.Change(w.slot, w.node, proxy.Weather{})
	return nil
}
