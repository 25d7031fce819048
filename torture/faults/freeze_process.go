package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/torture/proxy"
	"cardstream/torture/schedule"
)

// It may be longer than a session (6 s), and longer than a transaction may stay open (30 s).
var freezeProcess = Kind{
	Name:  "freeze-process",
	About: "SIGSTOP of a processor, what it writes being on its way or not, for longer than its session may last, and SIGCONT",
	Least: 7 * time.Second, Most: 45 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		f := freeze{s.Processes, b.Target}
		if random(b).IntN(2) == 0 {
			return &f
		}
		return &freezeWriting{freeze: f, network: s.Network}
	},
}

// freeze keeps a process from noticing that time passes.
type freeze struct {
	on   Processes
	slot int
}

func (f *freeze) Name() string                 { return fmt.Sprintf("SIGSTOP of process %d", f.slot) }
func (f *freeze) Inject(context.Context) error { return f.on.Stop(f.slot) }
func (f *freeze) Undo(context.Context) error   { return f.on.Continue(f.slot) }

// freezeWriting freezes a process in the middle of its transactions: what it is about to write is on its way, arrives
// when its partitions are another's, and is answered before it goes on. A clock that tells it that its session is over
// comes too late then, and so may a refusal of its offsets: nothing but the fence is left.
type freezeWriting struct {
	freeze
	network Network
}

// What the process writes is held for so long before it stops, so that its tasks come to stand there, and is delivered so
// long before it goes on.
const (
	heldBefore      = 200 * time.Millisecond
	deliveredBefore = 300 * time.Millisecond
)

func (f *freezeWriting) Name() string { return f.freeze.Name() + ", what it writes being under way" }

func (f *freezeWriting) Inject(ctx context.Context) error {
	f.network.Change(f.slot, EveryBroker, proxy.Weather{Mute: proxy.Writes})
	if err := pause(ctx, heldBefore); err != nil {
		return err
	}
	return f.freeze.Inject(ctx)
}

func (f *freezeWriting) Undo(ctx context.Context) error {
	f.network.Change(f.slot, EveryBroker, proxy.Weather{})
	return errors.Join(pause(ctx, deliveredBefore), f.freeze.Undo(ctx))
}
