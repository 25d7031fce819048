package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// network is how one process reaches the brokers. It can break.
type network struct {
	mu    sync.Mutex
	conns []net.Conn
	gone  bool
	every int // of so many answers one gets lost; 0: none
	count int
}

var errNoNetwork = errors.New("the network is gone")

func (n *network) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.gone {
		return nil, errors.Join(errNoNetwork, conn.Close())
	}
	n.conns = append(n.conns, conn)
	return &lossyConn{Conn: conn, network: n}, nil
}

// cut closes every connection, and lets no new one be made where it is for ever.
func (n *network) cut(forEver bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone = n.gone || forEver
	for _, conn := range n.conns {
		_ = conn.Close() // most have been closed by their owner
	}
	n.conns = nil
}

// lose makes every so manieth answer get lost from now on; 0: none.
func (n *network) lose(every int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.every, n.count = every, 0
}

func (n *network) loses() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	return n.every > 0 && n.count%n.every == 0
}

// lossyConn carries one request at a time, each in one write, as every connection of the client does.
type lossyConn struct {
	net.Conn
	network *network
	doomed  bool
}

func (c *lossyConn) Write(b []byte) (int, error) {
	c.doomed = c.network.loses()
	return c.Conn.Write(b)
}

func (c *lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b) // not before the broker has answered
	if c.doomed && err == nil {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Conn.Close())
	}
	return n, err
}
