// Package subject runs the programs that are measured, as processes of their own, and reads from outside what they cost.
package subject

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"cardstream/bench/proc"
)

// Command is a program to run.
type Command struct {
	Name  string // for people
	Args  []string
	Log   string // file that its output is added to
	Ready string // URL that answers 200 once it does its work
}

// Process is a program that runs. Whoever started it ends it with Stop.
type Process struct {
	command Command
	began   time.Time
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has ended
	err     error         // why, then
}

// Start runs a command.
func Start(c Command) (*Process, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	p := &Process{command: c, began: time.Now(), cmd: cmd, ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	go func() { // ends with the process, which Stop waits for
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// AwaitReady returns how long after its start the process said that it does its work, to some hundredths of a second.
func (p *Process) AwaitReady(ctx context.Context) (time.Duration, error) {
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		if answer, err := client.Get(p.command.Ready); err == nil {
			_ = answer.Body.Close() // the status is all that counts
			if answer.StatusCode == http.StatusOK {
				return time.Since(p.began), nil
			}
		}
		select {
		case <-pause.C:
		case <-p.ended:
			return 0, fmt.Errorf("%s ended before it was ready: %w; its log is %s", p.command.Name, p.failure(), p.command.Log)
		case <-ctx.Done():
			return 0, fmt.Errorf("%s: not ready: %w", p.command.Name, ctx.Err())
		}
	}
}

// failure is why a process that should run has ended.
func (p *Process) failure() error {
	if p.err == nil {
		return errors.New("exit code 0")
	}
	return p.err
}

// patience is how long a process may take to end in order.
const patience = 90 * time.Second

// Stop asks the process to end and waits for it; one that does not end is killed, and that is an error.
func (p *Process) Stop() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s had ended by itself: %w; its log is %s", p.command.Name, p.failure(), p.command.Log)
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may end at this moment
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within %s", p.command.Name, patience)
	}
}

// CPU returns the processor time that the process has used since its start.
func (p *Process) CPU() (time.Duration, error) { return proc.CPU(p.cmd.Process.Pid) }

// Memory returns what the process holds now.
func (p *Process) Memory() (proc.Memory, error) { return proc.MemoryOf(p.cmd.Process.Pid) }
