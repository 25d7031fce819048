package answering

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cardstream/producer"
	"cardstream/record"
)

// Producer is what a Writer writes with: a *producer.Idempotent.
type Producer interface {
	Produce(ctx context.Context, records []record.Record) ([]producer.Delivery, error)
}

// Writer writes callers' records, acknowledged by all replicas in sync. One produce request is under way at a time; what
// arrives meanwhile goes together with the next. So a single caller waits for one round trip, and a thousand cost little
// more.
type Writer struct {
	producer Producer
	log      *slog.Logger

	mu     sync.Mutex
	queue  []*delivery
	arrive chan struct{} // holds a token while the queue has something
}

// NewWriter returns a writer that does nothing until Run.
func NewWriter(p Producer, log *slog.Logger) *Writer {
	return &Writer{producer: p, log: log, arrive: make(chan struct{}, 1)}
}

const (
	mostAtOnce = 1000
	// writeTimeout is how long a produce request is repeated. Who waits behind it must hear of it in time.
	writeTimeout = 4 * time.Second
)

// delivery is a record on its way.
type delivery struct {
	record record.Record
	taken  atomic.Bool   // by the writer, or withdrawn by the caller: whoever is first
	done   chan struct{} // closed when fate is known
	fate   producer.Fate
}

// write queues a record.
func (w *Writer) write(r record.Record) *delivery {
	d := &delivery{record: r, done: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, d)
	w.ring()
	return d
}

func (w *Writer) ring() {
	select {
	case w.arrive <- struct{}{}:
	default:
	}
}

// withdraw takes a record back, and reports whether it surely is not and will not be written.
func (d *delivery) withdraw() bool {
	if d.taken.CompareAndSwap(false, true) {
		return true
	}
	select {
	case <-d.done:
		return d.fate == producer.NotWritten
	default:
		return false
	}
}

// Run writes until ctx ends. What still waits then is never taken, so that whoever asked can withdraw it.
func (w *Writer) Run(ctx context.Context) error {
	for {
		select {
		case <-w.arrive:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return nil
		}
		if batch := w.take(); len(batch) > 0 {
			w.produce(ctx, batch)
		}
	}
}

// take returns what waits, but for what was withdrawn.
func (w *Writer) take() []*delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), mostAtOnce)
	var batch []*delivery
	for _, d := range w.queue[:n] {
		if d.taken.CompareAndSwap(false, true) {
			batch = append(batch, d)
		}
	}
	if w.queue = w.queue[n:]; len(w.queue) > 0 {
		w.ring()
	}
	return batch
}

func (w *Writer) produce(ctx context.Context, batch []*delivery) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	records := make([]record.Record, len(batch))
	for i, d := range batch {
		records[i] = d.record
	}
	deliveries, err := w.producer.Produce(ctx, records)
	if err != nil && !errors.Is(err, context.Canceled) {
		w.log.Warn("commands could not be written", "commands", len(batch), "error", err)
	}
	for i, d := range batch {
		d.fate = deliveries[i].Fate
		close(d.done)
	}
}
