package devkafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
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
		return registers(r)
	}
	return true
}

// apply has the registry carry out a change.
func (j *journal) apply(c change, header http.Header) *answer {
	return request(j.registry, c.Method, c.Path, c.Body, header)
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
