//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one run of the binary, from its start to its end.
type process struct {
	command *exec.Cmd
	exited  chan struct{} // closed when it has ended and been waited for
	err     error         // how it ended; read after exited
	killed  atomic.Bool   // we ended it: its end is no surprise
}

// start runs the binary in a process group of its own, so that a Ctrl-C for the test is not one for it. What it prints
// is appended to the log.
func start(binary string, args, env []string, log string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", filepath.Base(binary), err)
	}
	defer func() { _ = out.Close() }() // the child has its own
	p := &process{command: exec.Command(binary, args...), exited: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = out, out
	p.command.Env = append(os.Environ(), env...)
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() { // ends with the process, which Fleet.Close sees to
		p.err = p.command.Wait()
		close(p.exited)
	}()
	return p, nil
}

// running reports whether it has not ended.
func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends it at once, as the kernel or a power cut would, and waits until it is gone.
func (p *process) kill() error {
	p.killed.Store(true)
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	return nil
}

// terminate asks it to end, and returns how long that took and how it ended: nil for exit code 0, os.ErrProcessDone for
// one that had ended before it could be asked.
func (p *process) terminate(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	before := p.killed.Swap(true)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.killed.Store(before)
		return 0, err
	}
	select {
	case <-p.exited:
		return time.Since(began), p.err
	case <-ctx.Done():
		return time.Since(began), fmt.Errorf("still running after SIGTERM: %w", ctx.Err())
	}
}
