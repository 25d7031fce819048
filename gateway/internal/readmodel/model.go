package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// Options say what a model is made of.
type Options struct {
	State      *schemas.Codec[provisioning.Request]
	CacheBytes int64 // of blocks read from disk; 0 means 32 MiB
	Logger     *slog.Logger
	FS         vfs.FS // nil: the operating system's
	// Saw is told of every request that was read, before it can be looked up, and while it still has its PIN. It must
	// not keep it. Nil: nobody.
	Saw func(*provisioning.Request)
}

// Model is the copy. Its methods may be called by any goroutine, and Apply by one at a time for each partition.
type Model struct {
	Options
	db      *pebble.DB
	failed  chan error // holds the first failure of the disk
	flusher sync.WaitGroup
	closing chan struct{}

	mu      sync.Mutex
	waiting map[provisioning.RequestNumber]*notice
}

const (
	flushEvery    = 30 * time.Second // how old what is only in memory can get
	memtableBytes = 8 << 20
)

// Open opens the model in dir, which it creates if need be. One process at a time can have it open.
func Open(dir string, o Options) (*Model, error) {
	if o.CacheBytes <= 0 {
		o.CacheBytes = 32 << 20
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	m := &Model{
		Options: o, failed: make(chan error, 1), closing: make(chan struct{}),
		waiting: make(map[provisioning.RequestNumber]*notice),
	}
	cache := pebble.NewCache(o.CacheBytes)
	defer cache.Unref()
	options := &pebble.Options{
		FS: o.FS, Cache: cache, Logger: quiet{o.Logger}, MemTableSize: memtableBytes, FormatMajorVersion: pebble.FormatTableFormatV6,
		// The topic is the write-ahead log. A crash takes what was not flushed, positions and rows alike.
		DisableWAL: true,
		EventListener: &pebble.EventListener{
			BackgroundError: m.fail,
			DataCorruption:  func(info pebble.DataCorruptionInfo) { m.fail(info.Details) },
		},
	}
	// As in package store: without a goroutine that a failed Open would leave behind.
	options.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open read model %s: %w", dir, err)
	}
	m.db = db
	m.flusher.Go(m.flushNowAndThen)
	return m, nil
}

// Failed receives the first failure of the disk beneath the model. It is of no more use then.
func (m *Model) Failed() <-chan error { return m.failed }

func (m *Model) fail(err error) {
	select {
	case m.failed <- fmt.Errorf("read model: %w", err):
	default:
	}
}

// Close writes out what is only in memory and closes the folder. Nobody may be using the model.
func (m *Model) Close() error {
	close(m.closing)
	m.flusher.Wait()
	return errors.Join(m.db.Flush(), m.db.Close())
}

// flushNowAndThen bounds how much of the topic a crash makes the next process read again.
func (m *Model) flushNowAndThen() {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-m.closing:
			return
		case <-ticker.C:
		}
		if _, err := m.db.AsyncFlush(); err != nil {
			m.fail(err)
			return
		}
	}
}

// Await waits until there is a request of that number that is good enough, and returns it. The error is ctx's cause, or
// the disk's.
func (m *Model) Await(ctx context.Context, n provisioning.RequestNumber, enough func(*provisioning.Request) bool,
) (*provisioning.Request, error) {
	for {
		notice := m.watch(n)
		r, err := m.Get(n)
		if err != nil || r != nil && enough(r) {
			m.unwatch(n, notice)
			return r, err
		}
		select {
		case <-notice.changed:
		case <-ctx.Done():
			m.unwatch(n, notice)
			return r, context.Cause(ctx)
		}
	}
}

// notice is how those who wait for a request hear of its next change.
type notice struct {
	changed chan struct{}
	waiting int
}

func (m *Model) watch(n provisioning.RequestNumber) *notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.waiting[n]
	if w == nil {
		w = &notice{changed: make(chan struct{})}
		m.waiting[n] = w
	}
	w.waiting++
	return w
}

// unwatch gives a notice up that was not used; the last one removes it.
func (m *Model) unwatch(n provisioning.RequestNumber, w *notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.waiting--; w.waiting == 0 && m.waiting[n] == w {
		delete(m.waiting, n)
	}
}

// quiet is Pebble's log: its chatter is nobody's, its complaints are warnings.
type quiet struct{ log *slog.Logger }

func (q quiet) Infof(string, ...any) {}

func (q quiet) Errorf(format string, args ...any) {
	q.log.Warn("read model", "message", fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble cannot go on. Nothing is lost with the process, and nothing with the folder.
func (q quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf("read model: "+format, args...)) }
