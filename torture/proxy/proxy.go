// Package proxy stands between clients and one server and does to their connections what networks do: it cuts them,
// slows them, says nothing for a while in one direction or both, and leaves them half-open. It looks at no byte but for
// where Kafka's requests begin, and which of them write.
//
//	p, err := proxy.Listen("127.0.0.1:23402", "127.0.0.1:23302")
//	p.Change(proxy.Weather{Mute: proxy.Answers})
//	p.Change(proxy.Weather{})
//	err = p.Close()
package proxy

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Directions are the directions of a connection, or a part of what goes there; they add up.
type Directions uint8

// Requests go from client to server, Answers the other way. Writes are those of the requests that produce records, and
// whatever comes behind one of them on its connection.
const (
	Requests Directions = 1 << iota
	Answers
	Writes
)

// Weather is how bytes get through. The zero value lets them pass at once.
type Weather struct {
	Delay          time.Duration // of whatever is read at a time, at most 32 KiB
	BytesPerSecond int           // of a connection and direction; 0: no bound
	Mute           Directions    // nothing gets through; it does when this ends, as with packets sent again
}

// Proxy is one listener. Its methods may be called from many goroutines.
type Proxy struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu       sync.Mutex
	weather  Weather
	changed  chan struct{} // closed and made anew when the weather changes
	stranded bool          // new connections reach nobody
	links    map[*link]struct{}
	closed   bool
}

// Listen begins to pass on what comes in at addr to target. The target need not be there yet.
func Listen(addr, target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("proxy of %s: %w", target, err)
	}
	p := &Proxy{listener: listener, target: target, changed: make(chan struct{}), links: map[*link]struct{}{}}
	p.done.Go(p.accept)
	return p, nil
}

// Addr is where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close cuts every connection and waits until nothing is left.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Cut()
	p.done.Wait()
	return err
}

// Change sets the weather for what is under way and for what comes.
func (p *Proxy) Change(w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	close(p.changed)
	p.changed = make(chan struct{})
}

// Cut resets every connection, at both ends, and returns how many. New ones get through.
func (p *Proxy) Cut() int {
	links := p.all()
	for _, l := range links {
		l.end()
	}
	return len(links)
}

// Strand resets the server's end of every connection and tells the client nothing: its end stays open, and silent. So do
// new connections, until Unstrand. It returns how many connections it was.
func (p *Proxy) Strand() int {
	p.mu.Lock()
	p.stranded = true
	p.mu.Unlock()
	links := p.all()
	for _, l := range links {
		l.strand()
	}
	return len(links)
}

// Unstrand resets what was left open, and lets new connections through.
func (p *Proxy) Unstrand() {
	p.mu.Lock()
	p.stranded = false
	p.mu.Unlock()
	p.Cut()
}

func (p *Proxy) all() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	var links []*link
	for l := range p.links {
		links = append(links, l)
	}
	return links
}

// accept takes connections in until the listener is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		l := &link{client: client.(*net.TCPConn), ended: make(chan struct{})}
		if !p.add(l) {
			l.end()
			return
		}
		p.done.Go(func() { p.serve(l) })
	}
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	l.stranded = p.stranded
	p.links[l] = struct{}{}
	return true
}

// serve passes one connection's bytes on until it has ended.
func (p *Proxy) serve(l *link) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
	}()
	server, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	switch {
	case err != nil:
		l.end()
	case !l.meet(server.(*net.TCPConn)):
	default:
		var pumps sync.WaitGroup
		pumps.Go(func() { p.pump(l, l.client, l.server, Requests) })
		pumps.Go(func() { p.pump(l, l.server, l.client, Answers) })
		pumps.Wait()
	}
	<-l.ended
}
