package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

var killProcess = Kind{
	Name: "kill-process", About: "kill -9 of a processor", Least: 0, Most: 12 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &kill{s.Processes, []int{b.Target}} },
}

// kill is a crash, with a restart as its undo.
type kill struct {
	on    Processes
	slots []int
}

func (k *kill) Name() string { return fmt.Sprintf("kill -9 of %s", named(k.slots)) }

func (k *kill) Inject(context.Context) error { return each(k.slots, k.on.Kill) }
func (k *kill) Undo(context.Context) error   { return each(k.slots, k.on.Start) }

// each does something to all slots, whatever happens with some.
func each(slots []int, do func(slot int) error) error {
	var errs []error
	for _, slot := range slots {
		errs = append(errs, do(slot))
	}
	return errors.Join(errs...)
}

func named(slots []int) string {
	if len(slots) == 1 {
		return fmt.Sprintf("process %d", slots[0])
	}
	return fmt.Sprintf("processes %v", slots)
}
