package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Store is the live requests of the partitions that this process has, or had, in one folder. Its methods may be called
// by any goroutine.
type Store struct {
	dir     string
	options Options
	db      *pebble.DB
	lock    *pebble.Lock
	failure *failure
	flusher sync.WaitGroup
	unsaved atomic.Int64 // bytes written since the last flush began
	checked atomic.Int64 // bytes written since room was last looked for

	mu     sync.Mutex // held while leases change hands; never taken by one who holds a Partition's
	closed bool
	leases map[int32]*Partition // the newest of each partition
}

// corruptMarker is a file that says that the folder was found corrupt while it was open.
const corruptMarker = "CORRUPT"

// Open opens the store in dir, which it creates if need be. One process at a time can have it open: another one's
// attempt is ErrLocked. What cannot be read is ErrCorrupt.
func Open(dir string, options Options) (*Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir, options.FS)
	if err != nil {
		return nil, err
	}
	s, err := openLocked(dir, options, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// lockFolder creates dir and takes its lock.
func lockFolder(dir string, fs vfs.FS) (*pebble.Lock, error) {
	if err := fs.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("store: create %s: %w", dir, err)
	}
	lock, err := pebble.LockDirectory(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrLocked, dir, err)
	}
	return lock, nil
}

// openLocked opens the store in a folder whose lock it is given. Where it fails the lock is still the caller's.
func openLocked(dir string, options Options, lock *pebble.Lock) (*Store, error) {
	if _, err := options.FS.Stat(options.FS.PathJoin(dir, corruptMarker)); err == nil {
		return nil, fmt.Errorf("%w: %s was found so when it was last open", ErrCorrupt, dir)
	}
	failure := newFailure(options.Logger)
	// Pebble takes memtables out of its cache's size: where nothing is left it reads every block from disk.
	cache := pebble.NewCache(options.CacheBytes + (memtables+1)*options.MemtableBytes)
	defer cache.Unref()
	settings := options.pebble(failure)
	settings.Cache, settings.Lock = cache, lock
	db, err := pebble.Open(dir, settings)
	if err != nil {
		return nil, classifyOpen(dir, err)
	}
	failure.opened.Store(true)
	s := &Store{
		dir: dir, options: options, db: db, lock: lock, failure: failure, leases: make(map[int32]*Partition),
	}
	s.flusher.Go(s.flushNowAndThen)
	if err := failure.check(); err != nil {
		return nil, errors.Join(err, s.shut())
	}
	return s, nil
}

// Failed is closed once the store is of no more use: every call then answers with ErrFailed or ErrCorrupt. Close it; to
// open it again is worth a try for ErrFailed, and OpenOrReplace does the right thing for both.
func (s *Store) Failed() <-chan struct{} { return s.failure.failed }

// Err says why Failed is closed; nil while it is not.
func (s *Store) Err() error { return s.failure.check() }

// Lease gives the partition's newest lease to the caller, and ends every older one: when Lease returns, what an older
// one had in hand has been written or never will be.
func (s *Store) Lease(partition int32) (*Partition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if err := s.failure.check(); err != nil {
		return nil, err
	}
	if older := s.leases[partition]; older != nil {
		older.end(ErrLeaseLost)
	}
	p, err := newPartition(s, partition)
	if err != nil {
		return nil, err
	}
	s.leases[partition] = p
	return p, nil
}

// Close ends every lease, writes out what is only in memory, so that the next Open finds all of it, and closes the
// folder. It says what of that failed; closed it is in any case. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for _, p := range s.leases {
		p.end(ErrClosed)
	}
	err := s.flush()
	if shut := s.shut(); err == nil {
		err = shut // Pebble's own complaints after a failure say nothing new
	}
	return errors.Join(err, s.lock.Close())
}

// shut ends the background work and closes the database.
func (s *Store) shut() error {
	close(s.failure.closing)
	s.flusher.Wait()
	err := s.db.Close()
	if failed := s.failure.check(); failed != nil {
		err = failed
		if errors.Is(failed, ErrCorrupt) {
			err = errors.Join(err, s.markCorrupt())
		}
	}
	return err
}

// markCorrupt leaves word to the next Open: what is broken is often found only by the one who reads it.
func (s *Store) markCorrupt() error {
	f, err := s.options.FS.Create(s.options.FS.PathJoin(s.dir, corruptMarker), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("store: mark %s as corrupt: %w", s.dir, err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// flush writes out what is only in memory, and waits for that.
func (s *Store) flush() error {
	if err := s.failure.check(); err != nil {
		return err
	}
	done, err := s.db.AsyncFlush()
	if err != nil {
		return fmt.Errorf("store: flush: %w", err)
	}
	select {
	case <-done:
		return nil
	case <-s.failure.failed:
		return s.failure.err
	}
}

// flushNowAndThen bounds how much of the changelog a crash makes the next owner replay, also at a trickle.
func (s *Store) flushNowAndThen() {
	ticker := time.NewTicker(s.options.FlushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.failure.closing:
			return
		case <-ticker.C:
		}
		if s.unsaved.Swap(0) == 0 {
			continue
		}
		if err := s.flush(); err != nil {
			s.failure.fail(err)
			return
		}
	}
}

// commit writes a batch. It waits while too much is waiting to be written out, not longer than the store lives.
func (s *Store) commit(batch *pebble.Batch) error {
	if err := s.room(int64(batch.Len())); err != nil {
		return err
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return s.seen(fmt.Errorf("store: write: %w", err))
	}
	return s.failure.check()
}

// room waits until memory and the newest level have room for a batch. Pebble would wait too, but without end where the
// disk fails.
func (s *Store) room(size int64) error {
	s.unsaved.Add(size)
	if s.checked.Add(size) < s.options.MemtableBytes/4 {
		return s.failure.check()
	}
	s.checked.Store(0)
	for {
		eased := s.failure.eased.next()
		metrics := s.db.Metrics()
		full := metrics.MemTable.Size > uint64(memtables*s.options.MemtableBytes)
		if !full && metrics.Levels[0].Sublevels < maxSublevels {
			return s.failure.check()
		}
		select {
		case <-eased:
		case <-s.failure.failed:
			return s.failure.err
		case <-s.failure.closing:
			return ErrClosed
		}
	}
}

// maxSublevels of level 0: each is one more place to look for a key.
const maxSublevels = 16

// seen passes on an error from reading. One that shows that the disk's content is broken is ErrCorrupt, and the store
// has failed.
func (s *Store) seen(err error) error {
	if pebble.IsCorruptionError(err) && !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if errors.Is(err, ErrCorrupt) {
		s.failure.fail(err)
	}
	return err
}
