package simulation

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// link is one connection: two directions, each a queue of packets with the moment of their arrival.
//
// That a connection is over only the host learns. The server's end stays open, and what is written there is lost: a
// group's or a transaction's coordinator does not look at connections, but kfake does, and keeps a member for ever whose
// connection ended while its answer was due.
type link struct {
	network *Network
	host    *host // that dialed
	address string
	name    string

	mu      sync.Mutex
	random  *rand.Rand
	up      queue         // from the host to the address
	down    queue         // and back
	changed chan struct{} // closed and made anew whenever a reader may have to look again
	cut     bool
	closed  [2]bool // by its ends
	doom    bool    // the next answer is lost, and the connection with it
	skip    int     // bytes until the next request begins
}

// queue is what is under way in one direction.
type queue struct {
	packets []packet
	last    time.Time // arrival of the last one: nothing overtakes
	over    bool      // its writer has closed
}

type packet struct {
	data []byte
	at   time.Time
}

func newLink(n *Network, h *host, name, address string, random *rand.Rand) *link {
	return &link{network: n, host: h, name: name, address: address, random: random, changed: make(chan struct{})}
}

func (k *link) clientEnd() *end {
	return &end{link: k, in: &k.down, out: &k.up, local: address(k.name), remote: address(k.address)}
}

func (k *link) serverEnd() *end {
	return &end{link: k, in: &k.up, out: &k.down, local: address(k.address), remote: address(k.name), server: true}
}

// nudge has the readers look again.
func (k *link) nudge() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nudgeLocked()
}

func (k *link) nudgeLocked() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// reset ends the connection. What is under way to the host is lost, and what is under way from it perhaps.
func (k *link) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.resetLocked()
}

func (k *link) resetLocked() {
	if !k.cut {
		k.cut = true
		k.down.packets = nil
		if k.random.IntN(2) == 0 {
			k.up.packets = nil
		}
		k.nudgeLocked()
	}
}

// latency draws what a packet takes.
func (k *link) latency(delay time.Duration) time.Duration {
	return delay + 50*time.Microsecond + time.Duration(k.random.Int64N(int64(time.Millisecond)))
}

// end is one end of a link.
type end struct {
	*link
	in, out       *queue
	local, remote address
	server        bool
	deadline      time.Time // of reads; link.mu
}

// Read waits for what the other end has sent.
func (e *end) Read(p []byte) (int, error) {
	for {
		n, wait, changed, err := e.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		if wait <= 0 {
			<-changed
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take takes what has arrived, or says how long to wait (0: for a change alone).
func (e *end) take(p []byte) (n int, wait time.Duration, changed <-chan struct{}, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	stalled := e.host.stalled.Load()
	now := time.Now()
	switch {
	case e.closed[e.side()]:
		return 0, 0, nil, net.ErrClosed
	case e.cut && !e.server:
		return 0, 0, nil, errReset
	case !e.deadline.IsZero() && !now.Before(e.deadline):
		return 0, 0, nil, os.ErrDeadlineExceeded
	case !stalled && len(e.in.packets) > 0 && !e.in.packets[0].at.After(now):
		first := &e.in.packets[0]
		n = copy(p, first.data)
		if first.data = first.data[n:]; len(first.data) == 0 {
			e.in.packets = e.in.packets[1:]
		}
		return n, 0, nil, nil
	case !stalled && len(e.in.packets) == 0 && e.in.over && !e.server:
		return 0, 0, nil, io.EOF
	}
	if !e.deadline.IsZero() {
		wait = e.deadline.Sub(now)
	}
	if !stalled && len(e.in.packets) > 0 {
		if arrival := e.in.packets[0].at.Sub(now); wait == 0 || arrival < wait {
			wait = arrival
		}
	}
	return 0, wait, e.changed, nil
}

// Write sends; it never waits.
func (e *end) Write(p []byte) (int, error) {
	lost := !e.server && e.losing(p)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed[e.side()]:
		return 0, net.ErrClosed
	case e.cut && !e.server:
		return 0, errReset
	case e.server && e.doom:
		e.resetLocked()
	}
	if e.server && (e.cut || e.closed[0]) {
		return len(p), nil
	}
	e.doom = e.doom || lost
	at := time.Now().Add(e.latency(time.Duration(e.host.delay.Load())))
	if at.Before(e.out.last) {
		at = e.out.last
	}
	e.out.last = at
	e.out.packets = append(e.out.packets, packet{data: append([]byte(nil), p...), at: at})
	e.nudgeLocked()
	return len(p), nil
}

// losing reports whether a request begins in p whose answer is to be lost. Clients write a request with one call, or
// its beginning at least: size (4 bytes), key (2).
func (e *end) losing(p []byte) bool {
	e.mu.Lock()
	if e.skip > 0 || len(p) < 6 {
		e.skip -= min(e.skip, len(p))
		e.mu.Unlock()
		return false
	}
	size, key := int(binary.BigEndian.Uint32(p))+4, int16(binary.BigEndian.Uint16(p[4:]))
	e.skip = max(0, size-len(p))
	e.mu.Unlock()
	e.network.mu.Lock()
	defer e.network.mu.Unlock()
	if e.host.lose[key] == 0 {
		return false
	}
	e.host.lose[key]--
	e.network.lost++
	return true
}

func (e *end) side() int {
	if e.server {
		return 1
	}
	return 0
}

// Close ends this end; the other reads what is under way, and then the end.
func (e *end) Close() error {
	e.mu.Lock()
	gone := !e.closed[e.side()]
	e.closed[e.side()], e.out.over = true, true
	e.nudgeLocked()
	gone = gone && e.closed[0] && e.closed[1]
	e.mu.Unlock()
	if gone {
		e.network.forget(e.link)
	}
	return nil
}

// SetReadDeadline bounds the reads, also one that waits.
func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deadline = t
	e.nudgeLocked()
	return nil
}

// SetDeadline is SetReadDeadline: a write never waits.
func (e *end) SetDeadline(t time.Time) error { return e.SetReadDeadline(t) }

// SetWriteDeadline does nothing, as a write never waits.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr returns the address of this end.
func (e *end) LocalAddr() net.Addr { return e.local }

// RemoteAddr returns the address of the other end.
func (e *end) RemoteAddr() net.Addr { return e.remote }
