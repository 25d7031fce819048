package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Network is a network in memory: hosts dial addresses that somebody listens on, and what they send arrives a little
// later. Everything that happens to networks can be done to it by host or by address. Nothing in it waits on anything
// but channels and timers, so the clock of a testing/synctest bubble runs with it. Its methods may be called from any
// goroutine.
type Network struct {
	seed uint64

	mu        sync.Mutex
	listeners map[string]*listener
	hosts     map[string]*host
	away      map[string]bool // addresses that refuse
	links     map[*link]struct{}
	dials     uint64
	lost      int            // answers
	refused   map[string]int // dials, by address that is away
}

// host is what is being done to one host's connections.
type host struct {
	stalled atomic.Bool
	delay   atomic.Int64 // nanoseconds, added to every packet

	dead bool          // network.mu, as
	lose map[int16]int // so many answers to requests of this kind are still to be lost
}

// NewNetwork returns a network whose delays come from the seed.
func NewNetwork(seed uint64) *Network {
	return &Network{
		seed: seed, listeners: map[string]*listener{}, hosts: map[string]*host{}, away: map[string]bool{},
		links: map[*link]struct{}{}, refused: map[string]int{},
	}
}

// refused is what a dial of an address meets at which nobody listens.
func refused(at string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: address(at), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// errReset is what both ends of a cut connection meet.
var errReset = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// Listen opens an address.
func (n *Network) Listen(address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, fmt.Errorf("listen %s: address in use", address)
	}
	l := &listener{network: n, address: address, arriving: make(chan net.Conn, 64), closed: make(chan struct{})}
	n.listeners[address] = l
	return l, nil
}

// Dialer returns how a host reaches the others.
func (n *Network) Dialer(name string) func(ctx context.Context, network, address string) (net.Conn, error) {
	n.host(name)
	return func(ctx context.Context, _, address string) (net.Conn, error) { return n.dial(ctx, name, address) }
}

func (n *Network) dial(ctx context.Context, name, address string) (net.Conn, error) {
	if err := n.reach(ctx, name); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l, h := n.listeners[address], n.hosts[name]
	if n.away[address] {
		n.refused[address]++
	}
	if l == nil || n.away[address] || h.dead {
		return nil, refused(address)
	}
	n.dials++
	k := newLink(n, h, name, address, rand.New(rand.NewPCG(n.seed, n.dials)))
	select {
	case l.arriving <- k.serverEnd():
	case <-l.closed:
		return nil, refused(address)
	default:
		return nil, refused(address)
	}
	n.links[k] = struct{}{}
	return k.clientEnd(), nil
}

// reach waits out a stall of the dialing host, as a SYN that nobody answers does.
func (n *Network) reach(ctx context.Context, name string) error {
	for {
		n.mu.Lock()
		stalled := n.hosts[name].stalled.Load()
		n.mu.Unlock()
		if !stalled {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// host returns a host, which begins to exist when it is first named.
func (n *Network) host(name string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil {
		h = &host{lose: map[int16]int{}}
		n.hosts[name] = h
	}
	return h
}

// of calls do with the host, and then tells its connections that something has changed.
func (n *Network) of(name string, do func(*host)) {
	h := n.host(name)
	n.mu.Lock()
	defer n.mu.Unlock()
	do(h)
	for k := range n.links {
		if k.host == h {
			k.nudge()
		}
	}
}

// cut resets the connections for which it is asked to.
func (n *Network) cut(which func(*link) bool) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	cut := 0
	for k := range n.links {
		if which(k) {
			k.reset()
			delete(n.links, k)
			cut++
		}
	}
	return cut
}

// forget is told that both ends of a connection are closed.
func (n *Network) forget(k *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.links, k)
}

// listener is an open address.
type listener struct {
	network  *Network
	address  string
	arriving chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.arriving:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the address.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, l.address)
	})
	return nil
}

// Addr returns the address.
func (l *listener) Addr() net.Addr { return address(l.address) }

// address is host:port.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }
