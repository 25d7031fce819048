package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var storeLost = Kind{
	Name: "store-lost", About: "a processor is killed and its local store deleted", Least: 0, Most: 4 * time.Second,
	On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault {
		return &tampered{s.Processes, fmt.Sprintf("store %d is deleted", b.Target), []int{b.Target},
			func() error { return s.Stores.Remove(b.Target) }}
	},
}

// tampered is something done to local stores while their processes are down.
type tampered struct {
	on    Processes
	what  string
	slots []int
	do    func() error
}

func (t *tampered) Name() string { return fmt.Sprintf("%s, %s being killed", t.what, named(t.slots)) }

func (t *tampered) Inject(context.Context) error {
	if err := each(t.slots, t.on.Kill); err != nil {
		return err
	}
	return t.do()
}

// Undo starts the processes on what they find there: that is the fault.
func (t *tampered) Undo(context.Context) error { return errors.Join(each(t.slots, t.on.Start)) }
