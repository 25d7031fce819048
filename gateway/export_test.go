package gateway

import (
	"context"
	"encoding/json"
	"net"
	"net/http"

	"cardstream/provisioning"
)

// Routes returns method and path of each route.
func Routes() (list []string) {
	for _, r := range routes {
		list = append(list, r.method+" "+r.path)
	}
	return list
}

// Codes returns every code that an answer can have.
func Codes() (list []string) {
	for c := range statuses {
		list = append(list, string(c))
	}
	return list
}

// EmptyRequest returns a request as callers see it.
func EmptyRequest() []byte {
	text, err := json.Marshal(viewOf(new(provisioning.Request)))
	if err != nil {
		panic(err)
	}
	return text
}

// NewIdlers returns what is told of connections' states, and that a connection's request has arrived, with a bound.
func NewIdlers(most int) (changed func(net.Conn, http.ConnState), arrived func(net.Conn)) {
	i := newIdlers(most)
	return i.changed, func(c net.Conn) {
		i.arrived(new(http.Request).WithContext(withConn(context.Background(), c)))
	}
}

// Waiting returns how many requests are under way.
func (g *Gateway) Waiting() int { return len(g.slots) }
