package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// machine is a computer that runs one processor after another: its disk outlives them, its clock may be wrong, and it
// may stand still.
type machine struct {
	name   string
	stages []string
	world  *world
	log    *slog.Logger

	disk   *vfs.MemFS
	ahead  atomic.Int64 // nanoseconds that its clock is ahead of the others'
	frozen atomic.Pointer[chan struct{}]

	lives   int // each has a host of its own on the network, so that what a dead one sent is a dead one's
	running *life
	last    *life // also where it has ended, or is ending
}

// life is one run of a processor.
type life struct {
	host string
	stop context.CancelFunc
	done chan struct{}
	err  error // read after done

	killed bool // touched by the machine's owner only
}

// clock is the machine's. While the machine stands still it does not answer, and so stops whoever asks for the time:
// a task does between any two things that it does.
func (m *machine) clock() time.Time {
	for {
		frozen := m.frozen.Load()
		if frozen == nil {
			return m.time()
		}
		<-*frozen
	}
}

// time is what the machine's clock says.
func (m *machine) time() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// start runs a processor, on what the disk holds.
func (m *machine) start() {
	m.lives++
	ctx, stop := context.WithCancel(context.Background())
	l := &life{host: fmt.Sprintf("%s.%d", m.name, m.lives), stop: stop, done: make(chan struct{})}
	before, disk := m.last, m.disk
	m.running, m.last = l, l
	go func() {
		defer close(l.done)
		if before != nil && !before.killed {
			<-before.done // the disk is still its own
		}
		p := m.processor(m.world.client(l.host, m.world.brokers...), m.world.registryClient(l.host, m.log), disk)
		l.err = p.Run(ctx)
		if err := p.Close(); err != nil && l.err == nil {
			l.err = err
		}
	}()
}

// up reports whether a processor runs.
func (m *machine) up() bool { return m.running != nil }

// Disk says what a killed processor's successor finds.
type Disk string

// The fates of a disk.
const (
	Kept    Disk = "kept"    // as it was: the process died, the machine did not
	Crashed Disk = "crashed" // what was synced, and some of what was not: the machine lost power
	Lost    Disk = "lost"    // nothing
	Foreign Disk = "foreign" // another machine's
)

// kill ends the processor between two instructions: its connections are gone, and its disk is as it was at that moment,
// or worse.
func (m *machine) kill(fate Disk, other *machine, random *rand.Rand) {
	l := m.running
	l.killed = true
	m.world.network.Kill(l.host)
	switch fate {
	case Kept:
		m.disk = m.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: random})
	case Crashed:
		m.disk = m.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(100), RNG: random})
	case Lost:
		m.disk = vfs.NewCrashableMem()
	case Foreign:
		m.disk = other.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: random})
	}
	m.thaw()
	l.stop()
	m.world.graves.Go(func() { <-l.done })
	m.running = nil
}

// leave tells the processor to end, as SIGTERM does. It may take a while; a successor waits for that.
func (m *machine) leave() {
	l := m.running
	m.thaw()
	l.stop()
	m.world.graves.Go(func() { <-l.done })
	m.running = nil
}

// freeze stops the machine: nothing comes in or goes out, and whoever asks for the time waits.
func (m *machine) freeze() {
	if gate := make(chan struct{}); !m.frozen.CompareAndSwap(nil, &gate) {
		return // it stands still already
	}
	m.world.network.Stall(m.running.host, true)
}

// thaw lets it go on, in the belief that no time has passed: what it was about to send is sent.
func (m *machine) thaw() {
	if gate := m.frozen.Swap(nil); gate != nil {
		close(*gate)
	}
	if m.running != nil {
		m.world.network.Stall(m.running.host, false)
	}
}

// surprise returns why the processor has ended without being told to.
func (m *machine) surprise() error {
	if m.running == nil {
		return nil
	}
	select {
	case <-m.running.done:
		return fmt.Errorf("%s ended by itself: %v", m.running.host, m.running.err)
	default:
		return nil
	}
}
