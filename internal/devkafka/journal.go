package devkafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

// journal keeps a registry's content in a file: the requests that changed it, one JSON line each, in their order.
// Playing them again gives the same schemas the same ids, because the fake counts them up; records in the topics name
// their schemas by these ids.
type journal struct {
	registry http.Handler

	mu         sync.Mutex // one change at a time, so that the file's order is the registry's
	file       *os.File
	size       int64           // of its whole lines
	registered map[change]bool // since the last deletion: a schema registered again at each start is written once
}

// change is a request that changed the registry.
type change struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

// openJournal plays what the file holds to the registry and goes on from there. A last line that a crash cut off was
// never answered, and is dropped.
func openJournal(path string, registry http.Handler) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the registry's journal: %w", err)
	}
	j := &journal{registry: registry, file: file, registered: make(map[change]bool)}
	if err := j.replay(); err != nil {
		return nil, errors.Join(fmt.Errorf("replay %s: %w", path, err), file.Close())
	}
	return j, nil
}

func (j *journal) replay() error {
	content, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	whole := content[:bytes.LastIndexByte(content, '\n')+1]
	for line := range bytes.Lines(whole) {
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		if a := j.apply(c, nil); !a.ok() {
			return fmt.Errorf("%s %s was answered %d: %s", c.Method, c.Path, a.code, a.body.Bytes())
		}
		j.remember(c)
	}
	j.size = int64(len(whole))
	return j.file.Truncate(j.size)
}

// Close closes the file. A nil journal has none.
func (j *journal) Close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// ServeHTTP answers a change only once it is in the file.
func (j *journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !changes(r) {
		j.registry.ServeHTTP(w, r)
		return
	}
	const largest = 16 << 20
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	c := change{Method: r.Method, Path: r.URL.RequestURI(), Body: string(body)}
	a := j.apply(c, r.Header)
	if a.ok() && !j.registered[c] {
		if err := j.append(c); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	a.send(w)
}

// changes tells whether a request can change the registry: look-ups and questions of compatibility are also POSTs.
func changes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return false
	case http.MethodPost:
		return strings.HasPrefix(r.URL.Path, "/subjects/") && strings.HasSuffix(r.URL.Path, "/versions")
	}
	return true
}

// apply has the registry carry out a change.
func (j *journal) apply(c change, header http.Header) *answer {
	a := &answer{header: make(http.Header), code: http.StatusOK}
	request, err := http.NewRequest(c.Method, c.Path, strings.NewReader(c.Body))
	if err != nil {
		http.Error(a, err.Error(), http.StatusBadRequest)
		return a
	}
	if header != nil {
		request.Header = header
	}
	j.registry.ServeHTTP(a, request)
	return a
}

func (j *journal) append(c change) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		return fmt.Errorf("write the registry's journal: %w", errors.Join(err, j.file.Truncate(j.size)))
	}
	j.size += int64(len(line))
	j.remember(c)
	return nil
}

func (j *journal) remember(c change) {
	switch c.Method {
	case http.MethodPost:
		j.registered[c] = true
	case http.MethodDelete:
		clear(j.registered)
	}
}

// answer is a response held back.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) ok() bool                    { return a.code/100 == 2 }

func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.code)
	w.Write(a.body.Bytes()) // a client that has gone asks again
}
