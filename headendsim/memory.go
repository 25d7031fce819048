package headendsim

import (
	"time"

	"cardstream/provisioning"
)

// remembered is how many requests of a partition the headend knows to be done: some four MiB. An attempt that follows on
// one that was done comes within minutes, so this is enough for some hundred a second; a request forgotten too soon is
// done once more.
const remembered = 1 << 16

// memory is the requests that are done, and when they were; the oldest is forgotten for the newest. It does not outlive
// its desk: what was done by the commands read again is learned again, and what was done by those before them has been
// answered.
type memory struct {
	done  map[provisioning.RequestNumber]time.Time
	order []provisioning.RequestNumber // a ring, of at most size
	size  int
	next  int // where in order the next one goes, once it is full
}

func newMemory(size int) *memory {
	return &memory{done: make(map[provisioning.RequestNumber]time.Time), size: size}
}

// add remembers a request; it is not known yet.
func (m *memory) add(n provisioning.RequestNumber, finished time.Time) {
	if len(m.order) < m.size {
		m.order = append(m.order, n)
	} else {
		delete(m.done, m.order[m.next])
		m.order[m.next] = n
		m.next = (m.next + 1) % m.size
	}
	m.done[n] = finished
}

// finished returns when a request was done, and whether it was.
func (m *memory) finished(n provisioning.RequestNumber) (time.Time, bool) {
	at, known := m.done[n]
	return at, known
}
