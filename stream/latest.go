package stream

import "sync"

// latest hands over the newest of a series of values: whoever is slow misses those in between, and nobody waits.
type latest[T any] struct {
	changed chan struct{} // receives once after a put, however many there were

	mu    sync.Mutex
	value T
}

func newLatest[T any]() *latest[T] { return &latest[T]{changed: make(chan struct{}, 1)} }

func (l *latest[T]) put(v T) {
	l.mu.Lock()
	l.value = v
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *latest[T]) get() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}
