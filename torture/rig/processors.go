package rig

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"cardstream/internal/ledger/chaos"
)

// processors are cardstream's processes, and the supervisor that starts one again when it has ended by itself.
type processors struct {
	fleet *chaos.Fleet
	count int
	log   func(format string, args ...any)

	mu      sync.Mutex
	excuses []string // why it may end by itself
	pardons []string // what one that ends may have said, once each
	blamed  []string // ends without an excuse, in words
	excused int

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// supervise begins to look after the processes of a fleet.
func supervise(fleet *chaos.Fleet, count int, log func(format string, args ...any)) *processors {
	ctx, cancel := context.WithCancel(context.Background())
	p := &processors{
		fleet: fleet, count: count, log: log, excuses: make([]string, count), cancel: cancel,
	}
	p.done.Go(func() { p.watch(ctx) })
	return p
}

// close stops looking after them, and ends them all.
func (p *processors) close() error {
	p.cancel()
	p.done.Wait()
	p.look()
	return p.fleet.Close()
}

// restartAfter is how long a process that has ended by itself stays away, as with any supervisor.
const restartAfter = time.Second

func (p *processors) watch(ctx context.Context) {
	for {
		p.look()
		select {
		case <-time.After(restartAfter):
		case <-ctx.Done():
			return
		}
	}
}

// look notes which processes have ended by themselves, and starts them again.
func (p *processors) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for slot := range p.count {
		_, byItself := p.fleet.Ended(slot)
		if byItself == nil {
			continue
		}
		p.judge(slot, byItself.Error())
		if err := p.fleet.Restart(slot); err != nil {
			p.log("process %d does not start: %v", slot, err)
		}
	}
}

// judge notes an end that was not in order, with what the process said last: as excused, pardoned, or a finding.
func (p *processors) judge(slot int, said string) {
	because := p.excuses[slot]
	if because == "" {
		because = p.pardoned(said)
	}
	if because != "" {
		p.excused++
		p.log("process %d has ended by itself, as it may: %s", slot, because)
		return
	}
	p.blamed = append(p.blamed, said)
	p.log("%s", said)
}

// pardoned returns the words for which an end is pardoned, and uses that pardon up; empty: it is not.
func (p *processors) pardoned(said string) string {
	for i, words := range p.pardons {
		if strings.Contains(said, words) {
			p.pardons = slices.Delete(p.pardons, i, i+1)
			return words
		}
	}
	return ""
}

// ends returns the ends without an excuse, and how many had one.
func (p *processors) ends() (blamed []string, excused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blamed, p.excused
}

// Count is how many there are.
func (p *processors) Count() int { return p.count }

// Kill ends a process with SIGKILL. One that is down already, or has just ended by itself, is left so.
func (p *processors) Kill(slot int) error {
	p.look()
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended, _ := p.fleet.Ended(slot); ended {
		return nil
	}
	return p.fleet.Kill(slot)
}

// Terminate ends a process with SIGTERM. One that does not heed it is killed, and judged as one that ends by itself: what
// it may end of, such as a store that is not what it was, it may come upon while it ends in order.
func (p *processors) Terminate(ctx context.Context, slot int) error {
	p.look()
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended, _ := p.fleet.Ended(slot); ended {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, heedWithin)
	defer cancel()
	took, err := p.fleet.Terminate(ctx, slot)
	p.log("process %d: SIGTERM, ended after %s", slot, took.Round(time.Millisecond))
	switch {
	case err == nil, endedBy(err, syscall.SIGTERM): // the latter had just been started, and did not listen yet
		return nil
	case errors.Is(err, os.ErrProcessDone): // by itself, a moment before: the next look judges it
		return nil
	}
	p.judge(slot, err.Error())
	return p.fleet.Kill(slot)
}

// heedWithin is how long a process may take to end in order, whatever else happens to it.
const heedWithin = 30 * time.Second

// Start starts a process that is down.
func (p *processors) Start(slot int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended, _ := p.fleet.Ended(slot); !ended {
		return nil
	}
	return p.fleet.Restart(slot)
}

// Stop freezes a process.
func (p *processors) Stop(slot int) error { return p.fleet.Stop(slot) }

// Continue wakes it.
func (p *processors) Continue(slot int) error { return p.fleet.Continue(slot) }

// Excuse lets a process end by itself.
func (p *processors) Excuse(slot int, because string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.excuses[slot] = because
}

// Pardon excuses one end by itself, of any process, that is explained by these words.
func (p *processors) Pardon(words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pardons = append(p.pardons, words)
}

// Blame takes the excuse back. What has ended by then is excused.
func (p *processors) Blame(slot int) {
	p.look()
	p.Excuse(slot, "")
}
