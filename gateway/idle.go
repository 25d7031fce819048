package gateway

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
)

// mostIdle is how many connections may be open without a request that has arrived. Each costs some 18 KiB here, and what
// it has sent so far; little is lost with one that is closed: its caller opens another.
const mostIdle = 4096

// idlers are the connections that say nothing, or have not yet said all, the longest so first. Where there are too many
// that one is closed, as nginx does when it runs out: time-outs alone would let a crowd of them hold as much memory as
// they like.
type idlers struct {
	most int

	mu    sync.Mutex
	order list.List // of net.Conn
	place map[net.Conn]*list.Element
}

func newIdlers(most int) *idlers { return &idlers{most: most, place: make(map[net.Conn]*list.Element)} }

// changed is http.Server's ConnState.
func (i *idlers) changed(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew, http.StateIdle, http.StateActive: // active it is from a request's first byte on
		if tooMany := i.add(c); tooMany != nil {
			_ = tooMany.Close() // nobody works for it
		}
	default:
		i.remove(c)
	}
}

// arrived says that a request has come as a whole and is worked for, until its connection is idle again.
func (i *idlers) arrived(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		i.remove(c)
	}
}

// connKey is that of a request's connection in its context.
type connKey struct{}

// withConn is http.Server's ConnContext.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// add puts a connection behind the others, and returns one to be closed.
func (i *idlers) add(c net.Conn) (tooMany net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forget(c)
	i.place[c] = i.order.PushBack(c)
	if i.order.Len() <= i.most {
		return nil
	}
	tooMany, _ = i.order.Front().Value.(net.Conn)
	i.forget(tooMany)
	return tooMany
}

func (i *idlers) remove(c net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forget(c)
}

// forget is remove for who holds mu.
func (i *idlers) forget(c net.Conn) {
	if at, known := i.place[c]; known {
		i.order.Remove(at)
		delete(i.place, c)
	}
}
