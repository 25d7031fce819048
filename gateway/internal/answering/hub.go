package answering

import (
	"slices"
	"sync"

	"cardstream/provisioning"
)

// Hub hands the events of provisioning.events to those who wait for them.
type Hub struct {
	digester provisioning.Digester

	mu      sync.Mutex
	waiters map[commandName][]*waiter
	pins    pins
}

// commandName is a command as its events name it.
type commandName struct{ source, id string }

// NewHub returns a hub that nobody waits at.
func NewHub(d provisioning.Digester) *Hub {
	return &Hub{digester: d, waiters: make(map[commandName][]*waiter)}
}

// waiter is one caller's place at the hub. Its fields are guarded by the hub's mu, but for news.
type waiter struct {
	hub     *Hub
	name    commandName
	asked   *provisioning.CreateEntry // what the caller asks for; nil of a cancel
	card    provisioning.SmartcardKey
	events  []provisioning.Event                // heard and not yet taken
	differs map[provisioning.RequestNumber]bool // by request of this name and card: whether it is of another content
	news    chan struct{}                       // holds a token while there are events
}

// wait begins to listen for the events of a command. asked is nil for a cancel. The caller closes what it is given.
func (h *Hub) wait(source, id string, asked *provisioning.CreateEntry) *waiter {
	w := &waiter{hub: h, name: commandName{source, id}, asked: asked, news: make(chan struct{}, 1)}
	if asked != nil {
		w.card, _ = asked.Smartcard.Key()
		w.differs = make(map[provisioning.RequestNumber]bool)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiters[w.name] = append(h.waiters[w.name], w)
	return w
}

func (w *waiter) close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	left := slices.DeleteFunc(w.hub.waiters[w.name], func(o *waiter) bool { return o == w })
	if len(left) == 0 {
		delete(w.hub.waiters, w.name)
	} else {
		w.hub.waiters[w.name] = left
	}
}

// take returns the first event that was heard, after news has been received from.
func (w *waiter) take() provisioning.Event {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	e := w.events[0]
	w.events = w.events[1:]
	if len(w.events) > 0 {
		w.tell()
	}
	return e
}

func (w *waiter) tell() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// Hear takes the next event of a partition.
func (h *Hub) Hear(e *provisioning.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.waiters[commandName{e.Source, e.CommandID}] {
		w.events = append(w.events, *e)
		w.tell()
	}
}

// Saw takes a request as the state topic has it. It is compared at once with what callers of its name ask for: a moment
// later its PIN may be gone.
func (h *Hub) Saw(r *provisioning.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pins.saw(r)
	for _, w := range h.waiters[commandName{r.Source, r.CommandID}] {
		if w.asked == nil || w.card != r.SmartcardKey {
			continue
		}
		if _, compared := w.differs[r.Number]; !compared {
			w.differs[r.Number] = r.Differs(w.asked, h.digester)
		}
	}
}

// recall gives a request its PIN back where it was seen lately.
func (h *Hub) recall(r provisioning.Request) provisioning.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.NewPIN = h.pins.of[r.Number]
	return r
}

// seenToDiffer reports whether a request was seen to be of another content than the caller's.
func (w *waiter) seenToDiffer(n provisioning.RequestNumber) bool {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.differs[n]
}
