package devkafka

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
)

// answer is a response held back, to be looked at before it is sent.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// request has a handler answer a request that no connection carried.
func request(handler http.Handler, method, path, body string, header http.Header) *answer {
	a := &answer{header: make(http.Header), code: http.StatusOK}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		http.Error(a, err.Error(), http.StatusBadRequest)
		return a
	}
	if header != nil {
		r.Header = header
	}
	handler.ServeHTTP(a, r)
	return a
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) ok() bool                    { return a.code/100 == 2 }

func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body.Bytes()) // a client that has gone asks again
}
