package proxy

import (
	"net"
	"sync"
	"time"
)

// link is one connection: the client's end and the server's.
type link struct {
	client *net.TCPConn

	mu       sync.Mutex
	server   *net.TCPConn // nil until it is dialled
	stranded bool         // the server's end is gone and the client's stays
	over     bool
	ended    chan struct{} // closed when both ends are closed
}

// meet takes the server's end, unless there is nothing any more for it to be an end of.
func (l *link) meet(server *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.stranded {
		reset(server)
		return false
	}
	l.server = server
	return true
}

// end resets both ends.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	reset(l.client)
	reset(l.server)
	close(l.ended)
}

// strand resets the server's end alone.
func (l *link) strand() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.stranded = true
		reset(l.server)
	}
}

// hangUp is end where one side has closed its end, or failed: the other one hears of it, unless it is stranded.
func (l *link) hangUp() {
	l.mu.Lock()
	stranded := l.stranded
	l.mu.Unlock()
	if !stranded {
		l.end()
	}
}

// reset closes a connection without a farewell: its peer finds it reset.
func reset(c *net.TCPConn) {
	if c != nil {
		_ = c.SetLinger(0) // it may be closed already, and so below
		_ = c.Close()
	}
}

// pump passes bytes on in one direction until an end closes.
func (p *Proxy) pump(l *link, from, to *net.TCPConn, direction Directions) {
	defer l.hangUp()
	buffer, f := make([]byte, 32<<10), frames{}
	for {
		n, err := from.Read(buffer)
		if n == 0 && !p.hold(l, direction, n) { // that an end has closed is as much a message as bytes are
			return
		}
		for rest := buffer[:n]; len(rest) > 0; {
			stretch, as := rest, direction
			if direction == Requests {
				length, produce := f.next(rest)
				if stretch = rest[:length]; produce {
					as |= Writes
				}
			}
			if !p.hold(l, as, len(stretch)) {
				return
			}
			if _, err := to.Write(stretch); err != nil {
				return
			}
			rest = rest[len(stretch):]
		}
		if err != nil {
			return
		}
	}
}

// hold keeps so many bytes back for as long as the weather demands of what they are, and reports whether the link is still
// there.
func (p *Proxy) hold(l *link, as Directions, bytes int) bool {
	began := time.Now()
	for {
		p.mu.Lock()
		weather, changed := p.weather, p.changed
		p.mu.Unlock()
		var pass <-chan time.Time
		if weather.Mute&as == 0 {
			left := weather.Delay - time.Since(began)
			if weather.BytesPerSecond > 0 {
				left += time.Duration(bytes) * time.Second / time.Duration(weather.BytesPerSecond)
			}
			if left <= 0 {
				return true
			}
			pass = time.After(left)
		}
		select {
		case <-pass:
			return true
		case <-changed:
		case <-l.ended:
			return false
		}
	}
}
