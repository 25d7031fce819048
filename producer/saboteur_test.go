package producer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
)

// saboteur makes connections on which answers get lost: the broker has done what it was asked, the client never hears.
type saboteur struct {
	// lose tells whether to lose the answer to a request: the nth of its key, and the mth of all, from 1 on. It may be
	// nil.
	lose func(key protocol.ApiKey, nth, mth int) bool

	mu    sync.Mutex
	count map[protocol.ApiKey]int
	all   int
	lost  int
}

// from now on these answers are lost; what went before does not count.
func (s *saboteur) from(lose func(key protocol.ApiKey, nth, mth int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose, s.count, s.all = lose, nil, 0
}

func (s *saboteur) on(config *cluster.Config) { config.Dial = s.dial }

func (s *saboteur) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &sabotaged{Conn: conn, by: s}, nil
}

// sent returns how many requests of a key went out.
func (s *saboteur) sent(key protocol.ApiKey) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[key]
}

// losses returns how many answers were lost.
func (s *saboteur) losses() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func (s *saboteur) loses(key protocol.ApiKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil {
		s.count = map[protocol.ApiKey]int{}
	}
	s.count[key]++
	s.all++
	lose := s.lose != nil && s.lose(key, s.count[key], s.all)
	if lose {
		s.lost++
	}
	return lose
}

// sabotaged carries one request at a time, as every connection of the client does, and each in one write.
type sabotaged struct {
	net.Conn
	by     *saboteur
	doomed bool
}

func (c *sabotaged) Write(b []byte) (int, error) {
	const sizeBytes = 4
	c.doomed = c.by.loses(protocol.ApiKey(binary.BigEndian.Uint16(b[sizeBytes:])))
	return c.Conn.Write(b)
}

func (c *sabotaged) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b) // not before the broker has answered
	if c.doomed && err == nil {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Conn.Close())
	}
	return n, err
}

// hangOnce makes connections of which, once armed, the first that sends a request of a key never gets it through.
type hangOnce struct {
	swallowed func() // is called then; may be nil

	mu    sync.Mutex
	armed bool
	key   protocol.ApiKey
}

func (h *hangOnce) arm(key protocol.ApiKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.armed, h.key = true, key
}

func (h *hangOnce) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return hangingConn{conn, h}, err
}

type hangingConn struct {
	net.Conn
	by *hangOnce
}

func (c hangingConn) Write(b []byte) (int, error) {
	const sizeBytes = 4
	c.by.mu.Lock()
	defer c.by.mu.Unlock()
	if c.by.armed && protocol.ApiKey(binary.BigEndian.Uint16(b[sizeBytes:])) == c.by.key {
		c.by.armed = false
		if c.by.swallowed != nil {
			c.by.swallowed()
		}
		return len(b), nil // swallowed
	}
	return c.Conn.Write(b)
}
