package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cardstream/provisioning"
)

// Natural says where a request stands that nothing but its card's line holds back. Head tells whether it is first in
// that line; it is false for one that has ended.
type Natural func(r *provisioning.Request, head bool) Place

// Restore replays a changelog into a partition: in the changelog's order, each number as often as it comes. It writes
// blindly what it knows to be new, each number once in a few thousand, guesses who is first in its card's line, and
// makes sure of that at its end. Until Finish has returned nil the partition has no overlay; a restore that was left,
// or cut off by a crash, is gone on with by another one from the checkpoint.
type Restore struct {
	p       *Partition
	natural Natural
	meta    meta
	read    reader
	write   rows
	oldMax  int64      // the largest number before: larger ones are there only if seen
	seen    *numberSet // of those that are larger
	touched *cardSet   // cards whose line has changed; nil where all have
	guess   *headGuess
	ended   bool

	pending []restored
	latest  map[int64]int // number → where it stands in pending
	values  []byte        // of pending
	order   int           // of the next record
}

// restored is the newest record of a number that is not written yet.
type restored struct {
	number     int64
	order      int // in the changelog
	deleted    bool
	next       standing // where a head stands
	waiting    Place    // where one stands that follows another
	start, end int      // of the value
}

// A restore writes when so much is pending.
const (
	maxPending      = 4096
	maxPendingBytes = 1 << 20
)

// Restore begins a restore upon what the partition has: nothing after Wipe, or else the rows of its checkpoint. An
// overlay or restore that is in hand is ErrBusy.
func (p *Partition) Restore(natural Natural) (*Restore, error) {
	if err := p.use(); err != nil {
		return nil, err
	}
	defer p.mu.Unlock()
	if p.current != nil {
		return nil, ErrBusy
	}
	r := &Restore{
		p: p, natural: natural, meta: p.meta, oldMax: p.meta.maxNumber, seen: newNumberSet(),
		read:   reader{from: p.store.db, partition: p.partition, decode: p.store.options.Decode},
		write:  rows{partition: p.partition},
		guess:  newHeadGuess(),
		latest: make(map[int64]int, maxPending),
	}
	if p.meta.restoring == notRestoring {
		r.meta.restoring = restoreOnRows
		if p.meta.maxNumber == firstNumber {
			r.meta.restoring = restoreOnEmpty
		} else {
			r.touched = newCardSet()
		}
	}
	p.current = r
	return r, nil
}

// Put replays a record. Neither req nor value is kept.
func (r *Restore) Put(req *provisioning.Request, value []byte) error {
	if err := r.alive(); err != nil {
		return err
	}
	head, waiting := r.natural(req, !req.State.Ended()), r.natural(req, false)
	for _, place := range [...]Place{head, waiting} {
		if err := check(req, r.p.partition, place); err != nil {
			return err
		}
	}
	r.meta.maxNumber = max(r.meta.maxNumber, req.Number.Offset)
	r.meta.counts.MaxUpdatedAt = max(r.meta.counts.MaxUpdatedAt, req.UpdatedAt)
	start := len(r.values)
	r.values = append(r.values, value...)
	return r.add(restored{
		number: req.Number.Offset, next: standingOf(req, head, len(value)), waiting: waiting,
		start: start, end: len(r.values),
	})
}

// Delete replays a tombstone.
func (r *Restore) Delete(number int64) error {
	if err := r.alive(); err != nil {
		return err
	}
	return r.add(restored{number: number, deleted: true})
}

// alive says why the restore is of no more use. It is only a courtesy: write looks again.
func (r *Restore) alive() error {
	if err := r.use(); err != nil {
		return err
	}
	r.p.mu.Unlock()
	return nil
}

// add takes the newest record of a number, in place of an older one that is still pending.
func (r *Restore) add(record restored) error {
	r.order++
	record.order = r.order
	if i, ok := r.latest[record.number]; ok {
		r.pending[i] = record
	} else {
		r.latest[record.number] = len(r.pending)
		r.pending = append(r.pending, record)
	}
	if len(r.pending) < maxPending && len(r.values) < maxPendingBytes {
		return nil
	}
	return r.flush(r.meta)
}

// Checkpoint writes what was replayed, and that it goes up to this checkpoint: a later restore can go on from there.
func (r *Restore) Checkpoint(checkpoint Checkpoint) error {
	m := r.meta
	m.checkpoint, m.hasCheckpoint = checkpoint, true
	return r.flush(m)
}

// flush writes what is pending, together with the checkpoint that m has.
func (r *Restore) flush(m meta) error {
	if err := r.use(); err != nil {
		return err
	}
	defer r.p.mu.Unlock()
	r.meta = m
	return r.inBatch(r.writePending)
}

// inBatch lets do write, and commits that with what the partition then knows about itself. mu is held.
func (r *Restore) inBatch(do func() error) error {
	batch := r.p.store.db.NewBatch()
	defer batch.Close()
	r.write.batch = batch
	err := do()
	if err == nil {
		err = r.write.setMeta(&r.meta)
	}
	if err == nil {
		err = r.p.store.commit(batch)
	}
	if err != nil {
		r.meta = r.p.meta
		r.p.letGo()
		return r.p.store.seen(fmt.Errorf("store: restore partition %d: %w", r.p.partition, err))
	}
	r.p.written(r.meta, unbounded())
	return nil
}

// writePending writes the deletes first: a command's row is deleted by who has it on disk, and may be written anew by
// another request.
func (r *Restore) writePending() error {
	slices.SortFunc(r.pending, func(a, b restored) int {
		if a.deleted != b.deleted {
			if a.deleted {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	for i := range r.pending {
		if err := r.apply(&r.pending[i]); err != nil {
			return err
		}
	}
	clear(r.latest)
	clear(r.pending)
	r.pending, r.values = r.pending[:0], r.values[:0]
	return nil
}

// apply turns one record into rows.
func (r *Restore) apply(record *restored) error {
	old, exists, err := r.standing(record.number)
	if err != nil {
		return err
	}
	if record.deleted {
		if !exists {
			return nil
		}
		return r.delete(record.number, old)
	}
	r.seen.add(record.number)
	r.place(record)
	value := r.values[record.start:record.end]
	if exists {
		if err := old.sameCommand(record.next, provisioning.RequestNumber{
			Partition: r.p.partition, Offset: record.number,
		}); err != nil {
			return err
		}
		err = r.write.replace(record.number, old, record.next, value)
		r.meta.counts.add(old, -1)
	} else {
		err = r.write.insert(record.number, record.next, value)
	}
	r.meta.counts.add(record.next, 1)
	r.touch(old, exists)
	r.touch(record.next, true)
	return err
}

// place decides where a request stands for now.
func (r *Restore) place(record *restored) {
	r.write.line = placedAsHead
	if !record.next.inLine() {
		r.guess.left(record.next.card, record.number)
		return
	}
	if r.guess.follows(record.next.card, record.next.entry(record.number)) {
		r.write.line, record.next.place = placedAsFollower, record.waiting
	}
}

// touch notes that a card's line may have another head.
func (r *Restore) touch(s standing, exists bool) {
	if r.touched != nil && exists && s.inLine() && !r.touched.add(s.card) {
		r.touched = nil
	}
}

func (r *Restore) delete(number int64, old standing) error {
	mine, ok, err := r.read.command(old.card, old.source, old.commandID)
	if err != nil {
		return err
	}
	if ok && mine == number {
		if err := r.write.deleteCommand(old); err != nil {
			return err
		}
	}
	r.meta.counts.add(old, -1)
	r.touch(old, true)
	r.guess.left(old.card, number)
	return r.write.delete(number, old)
}

// standing returns how a number stands on disk.
func (r *Restore) standing(number int64) (standing, bool, error) {
	if number > r.oldMax && !r.seen.has(number) {
		return standing{}, false, nil
	}
	item, ok, err := r.item(number)
	if !ok || err != nil {
		return standing{}, false, err
	}
	return standingOf(&item.Request, item.Place, len(item.Value)), true, nil
}

// item reads a number from disk.
func (r *Restore) item(number int64) (Item, bool, error) {
	place, ok, err := r.read.place(number)
	if !ok || err != nil {
		return Item{}, false, err
	}
	item, err := r.read.item(position{place, number})
	return item, err == nil, err
}

// Finish writes the rest, moves whoever is not where the lines say, and ends the restore: the partition stands at this
// checkpoint, with the rows that the steps would have left that wrote the changelog, each request in its natural place.
// It takes time with the number of requests that wait, and ends early with ctx; then nothing is lost, and another
// restore goes on from the last Checkpoint.
func (r *Restore) Finish(ctx context.Context, checkpoint Checkpoint) error {
	trusted := r.meta.restoring == restoreOnEmpty
	m := r.meta
	m.restoring = restoreOnRows // from here on a restart must look at heads too
	if err := r.flush(m); err != nil {
		return err
	}
	if err := r.settleHeads(ctx, trusted); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: restore partition %d: %w", r.p.partition, err)
	}
	if err := r.use(); err != nil {
		return err
	}
	defer r.p.mu.Unlock()
	r.meta.checkpoint, r.meta.hasCheckpoint, r.meta.restoring = checkpoint, true, notRestoring
	if err := r.inBatch(func() error { return nil }); err != nil {
		return err
	}
	r.p.lines.forgetAll()
	r.p.letGo()
	return nil
}

// Abandon ends the restore without finishing it. After Finish it does nothing.
func (r *Restore) Abandon() {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if !r.ended {
		r.p.letGo()
	}
}

// use begins a use of the restore; nil means that the caller holds the partition's mu.
func (r *Restore) use() error {
	if err := r.p.use(); err != nil {
		return err
	}
	if r.ended {
		r.p.mu.Unlock()
		return ErrEnded
	}
	return nil
}

// release ends the restore. It holds nothing of the database between its calls.
func (r *Restore) release() { r.ended = true }
