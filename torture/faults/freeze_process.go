package faults

import (
	"context"
	"fmt"
	"time"

	"cardstream/torture/schedule"
)

// It may be longer than a session (6 s), and longer than a transaction may stay open (30 s).
var freezeProcess = Kind{
	Name: "freeze-process", About: "SIGSTOP of a processor, for longer than its session or its transaction may last, and SIGCONT",
	Least: 7 * time.Second, Most: 45 * time.Second, On: OneProcess,
	New: func(s *Scene, b schedule.Blow) Fault { return &freeze{s.Processes, b.Target} },
}

// freeze keeps a process from noticing that time passes.
type freeze struct {
	on   Processes
	slot int
}

func (f *freeze) Name() string                 { return fmt.Sprintf("SIGSTOP of process %d", f.slot) }
func (f *freeze) Inject(context.Context) error { return f.on.Stop(f.slot) }
func (f *freeze) Undo(context.Context) error   { return f.on.Continue(f.slot) }
