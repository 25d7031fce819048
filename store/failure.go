package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// failure is the first thing that went wrong in the background. Pebble's own answer to some of it is to end the
// process; here the store says ErrFailed from then on, and whoever owns it decides.
type failure struct {
	log     *slog.Logger
	once    sync.Once
	err     error         // set before failed is closed
	failed  chan struct{} // closed with the first failure
	opened  atomic.Bool   // Open has returned
	closing chan struct{} // closed when the store is being closed
	eased   *broadcast    // after each flush and compaction
}

func newFailure(log *slog.Logger) *failure {
	return &failure{log: log, failed: make(chan struct{}), closing: make(chan struct{}), eased: newBroadcast()}
}

// fail records the first failure. It takes no lock that Pebble could hold.
func (f *failure) fail(cause error) {
	f.once.Do(func() {
		f.err = cause
		switch {
		case errors.Is(cause, ErrCorrupt):
		case pebble.IsCorruptionError(cause):
			f.err = fmt.Errorf("%w: %w", ErrCorrupt, cause)
		default:
			f.err = fmt.Errorf("%w: %w", ErrFailed, cause)
		}
		close(f.failed)
		f.log.Error("the store has failed", "error", f.err)
	})
}

// check returns the failure, if there is one.
func (f *failure) check() error {
	select {
	case <-f.failed:
		return f.err
	default:
		return nil
	}
}

// events are what Pebble tells about its background work. Most are called under Pebble's lock, so they only note.
func (f *failure) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: f.fail,
		DataCorruption:  func(info pebble.DataCorruptionInfo) { f.fail(fmt.Errorf("%w: %w", ErrCorrupt, info.Details)) },
		FlushEnd:        func(pebble.FlushInfo) { f.eased.signal() },
		CompactionEnd:   func(pebble.CompactionInfo) { f.eased.signal() },
	}
}

// Infof is Pebble's chatter about its files: not ours to keep.
func (f *failure) Infof(string, ...any) {}

// Errorf is something that Pebble goes on after.
func (f *failure) Errorf(format string, args ...any) {
	f.log.Log(context.Background(), slog.LevelWarn, "store", "message", fmt.Sprintf(format, args...))
}

// Fatalf is where Pebble would end the process. It does return: with stillFS below, what calls it is Pebble finding its
// own memory or files inconsistent, and the files stay as they are from then on.
func (f *failure) Fatalf(format string, args ...any) { f.fail(fmt.Errorf(format, args...)) }

// broadcast wakes everyone who waits, each time.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{ch: make(chan struct{})} }

// next returns a channel that the next signal closes.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) signal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
