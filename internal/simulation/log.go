package simulation

import (
	"bytes"
	"log/slog"
	"sync"
)

// journal is what all processors and the headend log: the text, in which no PIN may stand, and how often each message
// came, which tells what has really happened.
type journal struct {
	mu       sync.Mutex
	text     bytes.Buffer
	messages map[string]int
}

func newJournal() *journal { return &journal{messages: map[string]int{}} }

// logger returns a logger that writes into the journal.
func (j *journal) logger(name string) *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: j.count})).With("on", name)
}

// Write takes in a line.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// count counts the messages as they pass.
func (j *journal) count(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.MessageKey {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.messages[a.Value.String()]++
	}
	return a
}

func (j *journal) lines() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.text.Bytes())
}

func (j *journal) said(message string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.messages[message]
}
