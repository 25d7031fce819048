package gateway

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// route is one thing that can be asked for.
type route struct {
	name   string // in metrics and the access log
	method string
	path   string // below the base path
	serve  func(*Gateway, *call) reply
}

// routes are all of them; docs/openapi.yaml has the same.
var routes = []route{
	{"set_user_parameters", http.MethodPost, "/nds/provisioning_requests/set_user_parameters", (*Gateway).setUserParameters},
	{"cancel", http.MethodPost, "/provisioning/provisioning_requests/cancel", (*Gateway).cancel},
	{"show", http.MethodGet, "/provisioning/provisioning_requests/show", (*Gateway).show},
	{"list", http.MethodGet, "/provisioning/provisioning_requests/list", (*Gateway).list},
}

// nowhere is the name of what is no route, so that a caller's paths become no labels.
const nowhere = "none"

// call is one request being served.
type call struct {
	*http.Request
	w      http.ResponseWriter
	source string // who calls, once the token is verified
	number string // of the request that was answered, for the access log
}

// ServeHTTP serves one request: whatever happens, the answer is an envelope.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	c := &call{Request: r, w: w}
	name, answer := g.dispatch(c)
	answer.write(w)
	took, status := time.Since(began), statuses[answer.code].status
	g.Metrics.served(name, status, took)
	// Never the path, the query, the header or the body: there are customers, tokens and PINs in them.
	g.Log.LogAttrs(r.Context(), slog.LevelInfo, "web request", slog.String("route", name), slog.Int("status", status),
		slog.String("code", string(answer.code)), slog.Duration("took", took.Round(time.Microsecond)),
		slog.String("remote", r.RemoteAddr), slog.String("source", c.source), slog.String("number", c.number))
}

// dispatch finds the route and serves it.
func (g *Gateway) dispatch(c *call) (name string, answer reply) {
	path, below := strings.CutPrefix(c.URL.Path, g.BasePath)
	for _, route := range routes {
		if !below || route.path != path {
			continue
		}
		switch {
		case route.method != c.Method:
			answer = reply{code: codeMethodNotAllowed, allow: route.method}
		case !g.Ready():
			answer = fail(codeUnavailable, "this gateway is not ready yet")
		default:
			answer = route.serve(g, c)
		}
		return route.name, answer
	}
	return nowhere, fail(codeNotFound, "no such path")
}
