package gateway

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// mostIdle is how many connections may be open and say nothing. Each costs some 18 KiB here, and nothing is lost with
// one that is closed: its caller opens another.
const mostIdle = 4096

// idlers are the connections that say nothing, the longest idle first. Where there are too many that one is closed, as
// nginx does when it runs out: a time-out alone would let a crowd of them hold as much memory as they like.
type idlers struct {
	most int

	mu    sync.Mutex
	order list.List // of net.Conn
	place map[net.Conn]*list.Element
}

func newIdlers(most int) *idlers { return &idlers{most: most, place: make(map[net.Conn]*list.Element)} }

// changed is http.Server's ConnState.
func (i *idlers) changed(c net.Conn, state http.ConnState) {
	if tooMany := i.note(c, state == http.StateNew || state == http.StateIdle); tooMany != nil {
		_ = tooMany.Close() // nobody waits for anything on it
	}
}

// note keeps account of a connection, and returns one to be closed.
func (i *idlers) note(c net.Conn, idle bool) (tooMany net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at, known := i.place[c]; known {
		i.order.Remove(at)
		delete(i.place, c)
	}
	if !idle {
		return nil
	}
	i.place[c] = i.order.PushBack(c)
	if i.order.Len() <= i.most {
		return nil
	}
	longest := i.order.Front()
	tooMany, _ = i.order.Remove(longest).(net.Conn)
	delete(i.place, tooMany)
	return tooMany
}
