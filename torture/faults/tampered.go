package faults

import (
	"context"
	"fmt"
)

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
func (t *tampered) Undo(context.Context) error { return each(t.slots, t.on.Start) }
