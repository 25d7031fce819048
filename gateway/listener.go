package gateway

import (
	"net"
	"sync"
	"sync/atomic"
)

// boundedListener closes connections beyond a bound at once. To leave them unaccepted instead would let idle ones keep
// everybody else out without a word, and to take them all would cost this process the descriptors that it needs for
// Kafka.
type boundedListener struct {
	net.Listener
	most int64
	open atomic.Int64
}

// Accept returns the next connection within the bound.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &boundedConn{Conn: conn, listener: l}, nil
		}
		l.open.Add(-1)
		_ = conn.Close() // nothing was said on it
	}
}

type boundedConn struct {
	net.Conn
	listener *boundedListener
	closed   sync.Once
}

// Close gives the connection's place back.
func (c *boundedConn) Close() error {
	c.closed.Do(func() { c.listener.open.Add(-1) })
	return c.Conn.Close()
}
