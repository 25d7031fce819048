package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Partition is a lease on the rows of one partition. Counts may be called by any goroutine; the rest by one, its task.
type Partition struct {
	store     *Store
	partition int32
	counts    atomic.Pointer[Counts] // as last written

	mu      sync.Mutex // held through every use of the database, so that to end a lease waits for it
	ended   error      // why this lease is of no more use; nil while it is
	current worker     // the overlay or restore in hand, nil if there is none
	meta    meta       // as last written
	bounds  bounds     // of scans, as last written
	lines   lines
}

// worker is what can be in hand on a partition.
type worker interface {
	// release gives back what it holds of the database. The partition's mu is held.
	release()
}

func newPartition(s *Store, partition int32) (*Partition, error) {
	p := &Partition{store: s, partition: partition, meta: emptyMeta()}
	row, closer, err := s.db.Get(metaKey(nil, partition))
	if err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return nil, s.seen(fmt.Errorf("store: read the checkpoint of partition %d: %w", partition, err))
	}
	if err == nil {
		p.meta, err = parseMeta(row)
		earlier := errors.Is(err, errEarlier)
		if earlier {
			err = nil
		}
		if err := errors.Join(s.seen(err), closer.Close()); err != nil {
			return nil, err
		}
		if earlier { // what an earlier version of this program has left: the changelog has it all
			return p, p.Wipe()
		}
	}
	p.written(p.meta, unbounded())
	return p, nil
}

// written notes what is now on disk.
func (p *Partition) written(m meta, b bounds) {
	p.meta, p.bounds = m, b
	counts := m.counts
	p.counts.Store(&counts)
}

// use begins a use of the database; nil means that the caller holds mu.
func (p *Partition) use() error {
	p.mu.Lock()
	err := p.ended
	if err == nil {
		err = p.store.failure.check()
	}
	if err != nil {
		p.mu.Unlock()
	}
	return err
}

// end makes the lease one of no more use, once what it does at the moment is done.
func (p *Partition) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return
	}
	p.ended = why
	p.letGo()
}

// letGo ends what is in hand. mu is held.
func (p *Partition) letGo() {
	if p.current != nil {
		p.current.release()
		p.current = nil
	}
}

// Checkpoint returns to which point of the changelog the partition's rows correspond; false where nothing was ever
// written.
func (p *Partition) Checkpoint() (Checkpoint, bool, error) {
	if err := p.use(); err != nil {
		return Checkpoint{}, false, err
	}
	defer p.mu.Unlock()
	return p.meta.checkpoint, p.meta.hasCheckpoint, nil
}

// Counts returns how many requests the partition has and how they stand, as last written. It costs the same however
// many there are, and is there also after the lease has ended.
func (p *Partition) Counts() Counts { return *p.counts.Load() }

// Wipe deletes all that the partition has, also its checkpoint, and ends an overlay or restore that is in hand.
func (p *Partition) Wipe() error {
	if err := p.use(); err != nil {
		return err
	}
	defer p.mu.Unlock()
	p.letGo()
	batch := p.store.db.NewBatch()
	defer batch.Close()
	lower, upper := partitionBounds(p.partition)
	if err := batch.DeleteRange(lower, upper, pebble.NoSync); err != nil {
		return fmt.Errorf("store: wipe partition %d: %w", p.partition, err)
	}
	if err := p.store.commit(batch); err != nil {
		return err
	}
	p.lines.forgetAll()
	p.written(emptyMeta(), unbounded())
	return nil
}
