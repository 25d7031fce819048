package faults

import (
	"fmt"

	"cardstream/torture/schedule"
)

// wires are the connections of one process: to all brokers, or every other time to one.
type wires struct {
	on   Network
	slot int
	node int
}

func wiresOf(s *Scene, b schedule.Blow) wires {
	w := wires{on: s.Network, slot: b.Target, node: EveryBroker}
	if draw := stream(b, 4); draw.IntN(2) == 0 {
		w.node = 1 + draw.IntN(brokers)
	}
	return w
}

func (w wires) String() string {
	if w.node == EveryBroker {
		return fmt.Sprintf("connections of process %d", w.slot)
	}
	return fmt.Sprintf("connections of process %d to broker %d", w.slot, w.node)
}
