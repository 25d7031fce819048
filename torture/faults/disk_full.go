package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

// It is longer than the store keeps anything in memory only (30 s), so that the disk is needed meanwhile.
var diskFull = Kind{
	Name: "disk-full", About: "the disk under a local store is full, and half of the time the processor starts on it",
	Least: 20 * time.Second, Most: 45 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &full{s, b.Target, random(b).IntN(2) == 0} },
	Missing: func(s *Scene) string {
		if s.Stores.Bounded() {
			return ""
		}
		return "a small disk for each store: a tmpfs, which only root on Linux can mount"
	},
}

// full leaves a store without room. Its process then ends, as it says it will, and is started again and again.
type full struct {
	on      *Scene
	slot    int
	restart bool
}

func (f *full) Name() string {
	if f.restart {
		return fmt.Sprintf("the disk under store %d is full, and process %d is killed", f.slot, f.slot)
	}
	return fmt.Sprintf("the disk under store %d is full", f.slot)
}

func (f *full) Inject(context.Context) error {
	f.on.Processes.Excuse(f.slot, "its disk is full")
	if err := f.on.Stores.Fill(f.slot); err != nil || !f.restart {
		return err
	}
	return errors.Join(f.on.Processes.Kill(f.slot), f.on.Processes.Start(f.slot))
}

func (f *full) Undo(context.Context) error {
	err := f.on.Stores.Clear(f.slot)
	err = errors.Join(err, f.on.Processes.Start(f.slot))
	f.on.Processes.Blame(f.slot)
	f.on.Processes.Pardon("no space left on device") // it may be ending at this moment, of what it has met before
	return err
}
