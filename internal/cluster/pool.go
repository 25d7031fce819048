package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// pool holds the connections of a client by address. A request takes an idle one or makes its own, so that a fetch that
// waits at a broker holds up nobody else there.
type pool struct {
	config *Config
	life   context.Context // ends with close: also connections in the making end then
	end    context.CancelFunc

	mu   sync.Mutex
	open map[*conn]struct{} // nil once closed
	idle map[string][]*conn // the one used last is last, and is taken first: a surplus ages and goes
}

func newPool(config *Config) *pool {
	life, end := context.WithCancel(context.Background())
	return &pool{config: config, life: life, end: end, open: map[*conn]struct{}{}, idle: map[string][]*conn{}}
}

// roundTrip sends a request to an address and waits for its answer, until the deadline of ctx or the request time-out
// where ctx has none.
func (p *pool) roundTrip(ctx context.Context, addr string, request protocol.Message) (protocol.Message, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.config.RequestTimeout)
		defer cancel()
	}
	c, err := p.take(ctx, addr)
	if err != nil {
		return nil, &ConnError{Addr: addr, Request: request.ApiKey().String(), Err: err}
	}
	if err := c.versions.check(request); err != nil {
		p.put(c)
		return nil, err
	}
	answer, intact, err := c.roundTrip(ctx, request)
	if intact {
		p.put(c)
		return answer, nil
	}
	p.discard(c)
	if err == nil {
		return answer, nil
	}
	if !errors.Is(err, context.Canceled) {
		p.discardIdle(addr) // most likely the broker is gone, and they with it: the next attempt dials
	}
	return nil, &ConnError{Addr: addr, Request: request.ApiKey().String(), Sent: true, Err: p.closedOr(err)}
}

// take returns a connection that nobody else uses. It is given back by put or discard.
func (p *pool) take(ctx context.Context, addr string) (*conn, error) {
	if c := p.takeIdle(addr); c != nil {
		return c, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	c, err := connect(ctx, p.config, addr)
	if err != nil {
		return nil, p.closedOr(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		_ = c.wire.Close()
		return nil, ErrClosed
	}
	p.open[c] = struct{}{}
	return c, nil
}

func (p *pool) takeIdle(addr string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		idle := p.idle[addr]
		if len(idle) == 0 {
			return nil
		}
		c := idle[len(idle)-1]
		p.idle[addr] = idle[:len(idle)-1]
		c.idleTimer.Stop() // one that has fired already finds the connection taken, and does nothing
		if !c.expired() {
			return c
		}
		p.forget(c)
	}
}

// put makes a connection that works free for the next request.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil || c.expired() {
		p.forget(c)
		return
	}
	p.idle[c.addr] = append(p.idle[c.addr], c)
	if c.idleTimer == nil {
		c.idleTimer = time.AfterFunc(p.config.IdleTimeout, func() { p.expire(c) })
	} else {
		c.idleTimer.Reset(p.config.IdleTimeout)
	}
}

// expire closes a connection that was idle for too long, unless it was taken in the meantime.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[c.addr]
	if i := slices.Index(idle, c); i >= 0 {
		p.idle[c.addr] = slices.Delete(idle, i, i+1)
		p.forget(c)
	}
}

func (p *pool) discard(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c)
}

func (p *pool) discardIdle(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle[addr] {
		c.idleTimer.Stop()
		p.forget(c)
	}
	delete(p.idle, addr)
}

// forget closes a connection that stands in no idle list. The caller holds mu. An error of closing says nothing about
// any request: each of them has its own answer or error.
func (p *pool) forget(c *conn) {
	delete(p.open, c)
	_ = c.wire.Close()
}

// close ends every connection, with whatever waits on it.
func (p *pool) close() {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, idle := range p.idle {
		for _, c := range idle {
			c.idleTimer.Stop()
		}
	}
	for c := range p.open {
		_ = c.wire.Close()
	}
	p.open, p.idle = nil, nil
}

func (p *pool) closedOr(err error) error {
	if p.life.Err() != nil {
		return ErrClosed
	}
	return err
}
