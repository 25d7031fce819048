//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Config says which processes run.
type Config struct {
	Binary    string
	Args      func(slot int) []string // of the process in each slot, from 0
	Env       []string                // added to this process's own
	EnvOf     func(slot int) []string // added for the process in each slot; nil: nothing
	Processes int
	Logs      string // folder; process n writes to process-n.log, all its lives one after another
	Seed      uint64
	Log       func(format string, args ...any) // hears the seed and every blow
}

// Fleet is a number of processes, each in a slot: killed ones can be started again in theirs. Its methods may be called
// from many goroutines.
type Fleet struct {
	config Config

	mu     sync.Mutex
	random *rand.Rand
	slots  []*process
	kills  int
}

// Start starts them all.
func Start(config Config) (*Fleet, error) {
	f := &Fleet{
		config: config, random: rand.New(rand.NewPCG(config.Seed, 1)), slots: make([]*process, config.Processes),
	}
	config.Log("chaos: seed %d, %d processes, logs in %s", config.Seed, config.Processes, config.Logs)
	for slot := range f.slots {
		if err := f.Restart(slot); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// LogFile is where the process in a slot prints.
func (f *Fleet) LogFile(slot int) string {
	return filepath.Join(f.config.Logs, fmt.Sprintf("process-%d.log", slot))
}

// Restart starts the process of a slot again, or for the first time. It must not be running.
func (f *Fleet) Restart(slot int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.slots[slot]; p != nil && p.running() {
		return fmt.Errorf("process %d is running", slot)
	}
	env := f.config.Env
	if f.config.EnvOf != nil {
		env = slices.Concat(env, f.config.EnvOf(slot))
	}
	p, err := start(f.config.Binary, f.config.Args(slot), env, f.LogFile(slot))
	if err == nil {
		f.slots[slot] = p
	}
	return err
}

// Kill kills the process of a slot with SIGKILL, and waits until it is gone.
func (f *Fleet) Kill(slot int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.surprise(slot); err != nil {
		return err
	}
	f.kills++
	return f.slots[slot].kill()
}

// Terminate sends SIGTERM to the process of a slot and waits for its end: how long it took, and nil for exit code 0. An
// error has the last it printed; one that had ended before it could be asked is os.ErrProcessDone.
func (f *Fleet) Terminate(ctx context.Context, slot int) (time.Duration, error) {
	f.mu.Lock()
	p := f.slots[slot]
	f.mu.Unlock()
	took, err := p.terminate(ctx)
	if err != nil {
		err = fmt.Errorf("process %d after SIGTERM: %w:\n%s", slot, err, tail(f.LogFile(slot)))
	}
	return took, err
}

// Stop freezes the process of a slot with SIGSTOP: it keeps its connections and knows nothing of the time that passes.
func (f *Fleet) Stop(slot int) error { return f.signal(slot, syscall.SIGSTOP) }

// Continue wakes a frozen process with SIGCONT.
func (f *Fleet) Continue(slot int) error { return f.signal(slot, syscall.SIGCONT) }

func (f *Fleet) signal(slot int, signal syscall.Signal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[slot].command.Process.Signal(signal)
}

// PID returns the id of the process in a slot.
func (f *Fleet) PID(slot int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[slot].command.Process.Pid
}

// Kills counts the processes killed so far.
func (f *Fleet) Kills() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kills
}

// Running says in an error which processes have ended by themselves: none should.
func (f *Fleet) Running() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for slot := range f.slots {
		errs = append(errs, f.surprise(slot))
	}
	return errors.Join(errs...)
}

// Ended reports whether the process of a slot has ended; the error says so where nobody told it to.
func (f *Fleet) Ended(slot int) (ended bool, byItself error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.slots[slot]
	return p == nil || !p.running(), f.surprise(slot)
}

// surprise returns an error if the process of a slot has ended without being told to, with the last it printed.
func (f *Fleet) surprise(slot int) error {
	p := f.slots[slot]
	if p == nil || p.killed.Load() || p.running() {
		return nil
	}
	return fmt.Errorf("process %d ended by itself (%v):\n%s", slot, p.err, tail(f.LogFile(slot)))
}

// Close kills whatever still runs and waits for it. The error says which had ended by themselves before.
func (f *Fleet) Close() error {
	err := f.Running()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.slots {
		if p != nil && p.running() {
			err = errors.Join(err, p.kill())
		}
	}
	return err
}

// tail returns the end of a log.
func tail(path string) string {
	const enough = 4 << 10
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-enough):])
}
