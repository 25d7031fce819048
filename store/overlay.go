package store

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// Overlay is a change of a partition that has not happened yet: what one step leads to. Reads see its own writes. One
// goroutine uses it, and ends it with Apply or Discard; a newer lease, Wipe or Close of the store end it too.
type Overlay struct {
	p       *Partition
	batch   *pebble.Batch
	read    reader
	write   rows
	meta    meta
	bounds  bounds
	known   map[int64]known                      // the requests that were read or written here
	glances map[provisioning.SmartcardKey]glance // of cards that nothing was put for since
	line    *pebble.Iterator
	scan    *pebble.Iterator
	kept    []byte // copies of values that were scanned
	ended   bool
}

// known is what an overlay knows of a number.
type known struct {
	standing
	exists bool
	value  []byte // as read; nil where it was not, or has been put anew
}

// Begin begins a step. There is one overlay at a time: an earlier one that has not ended is ErrBusy. Where a restore
// has begun and not finished it is ErrRestoring.
func (p *Partition) Begin() (*Overlay, error) {
	if err := p.use(); err != nil {
		return nil, err
	}
	defer p.mu.Unlock()
	if p.current != nil {
		return nil, ErrBusy
	}
	if p.meta.restoring != notRestoring {
		return nil, ErrRestoring
	}
	batch := p.store.db.NewIndexedBatch()
	o := &Overlay{
		p: p, batch: batch,
		read:  reader{from: batch, partition: p.partition, decode: p.store.options.Decode},
		write: rows{partition: p.partition, batch: batch},
		meta:  p.meta, bounds: p.bounds, known: make(map[int64]known),
		glances: make(map[provisioning.SmartcardKey]glance),
	}
	p.current = o
	return o, nil
}

// use begins a use of the overlay; nil means that the caller holds the partition's mu.
func (o *Overlay) use() error {
	if err := o.p.use(); err != nil {
		return err
	}
	if o.ended {
		o.p.mu.Unlock()
		return ErrEnded
	}
	return nil
}

// release gives back batch and iterators.
func (o *Overlay) release() {
	o.ended = true
	o.closeIterators()
	_ = o.batch.Close()
	o.known = nil
}

func (o *Overlay) closeIterators() {
	for _, iterator := range []**pebble.Iterator{&o.line, &o.scan} {
		if *iterator != nil {
			_ = (*iterator).Close() // its error came, if at all, with the read that met it
			*iterator = nil
		}
	}
}

// Rest lets go of what reading holds on to: the memory of rows as they were, all partitions' among them, which stays
// beside what has replaced it for as long as somebody reads there. Who is about to wait calls it. The changes stay, and
// the next read takes up again.
func (o *Overlay) Rest() {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	o.closeIterators()
}

// Get reads a request; nil where there is none of that number.
func (o *Overlay) Get(number int64) (*Item, error) {
	if err := o.use(); err != nil {
		return nil, err
	}
	defer o.p.mu.Unlock()
	item, err := o.get(number)
	return item, o.p.store.seen(err)
}

func (o *Overlay) get(number int64) (*Item, error) {
	k, ok := o.known[number]
	if !ok {
		place, exists, err := o.place(number)
		if err != nil {
			return nil, err
		}
		k = known{standing: standing{place: place}, exists: exists}
	}
	if !k.exists {
		o.known[number] = k
		return nil, nil
	}
	item, err := o.item(position{k.place, number}, k.value)
	if err != nil {
		return nil, err
	}
	o.learn(&item)
	return &item, nil
}

// item reads the request that stands there, whose value may be known.
func (o *Overlay) item(p position, value []byte) (Item, error) {
	if value != nil {
		return o.read.decoded(p, value)
	}
	return o.read.item(p)
}

// place looks up where a number stands. A number that is larger than every other is not there.
func (o *Overlay) place(number int64) (Place, bool, error) {
	if number > o.meta.maxNumber {
		return Place{}, false, nil
	}
	return o.read.place(number)
}

// learn notes how an item stands, so that Put and Move need not read it again.
func (o *Overlay) learn(i *Item) {
	o.known[i.Number] = known{standing: standingOf(&i.Request, i.Place, len(i.Value)), exists: true, value: i.Value}
}

// standing returns how a request stands now.
func (o *Overlay) standing(number int64) (known, error) {
	if k, ok := o.known[number]; ok {
		return k, nil
	}
	if _, err := o.get(number); err != nil {
		return known{}, err
	}
	return o.known[number], nil
}

// ByCommand returns the number of the request that this command made for this card, while that is remembered.
func (o *Overlay) ByCommand(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	if err := o.use(); err != nil {
		return 0, false, err
	}
	defer o.p.mu.Unlock()
	number, ok, err := o.byCommand(card, source, commandID)
	return number, ok, o.p.store.seen(err)
}

// command looks up whose request a command made. It goes by the iterator over keys about cards, which asks Bloom filters
// also on the lowest level: a Get would read a block there for nearly every command, as nearly every one is new.
func (o *Overlay) command(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	iterator, err := o.lineIterator()
	if err != nil {
		return 0, false, err
	}
	o.read.key = commandKey(o.read.key[:0], o.p.partition, card, source, commandID)
	if !iterator.SeekPrefixGE(o.read.key) || !bytes.Equal(iterator.Key(), o.read.key) {
		return 0, false, iteratorError(iterator)
	}
	row, err := iterator.ValueAndErr()
	if err != nil {
		return 0, false, fmt.Errorf("store: read: %w", err)
	}
	return commandRow(row, o.p.partition)
}

// byCommand makes sure that the digest found is that command's.
func (o *Overlay) byCommand(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	number, ok, err := o.look(card, source, commandID)
	if !ok || err != nil {
		return 0, false, err
	}
	k, err := o.standing(number)
	if err != nil {
		return 0, false, err
	}
	if !k.exists || k.card != card || k.source != source || k.commandID != commandID {
		return 0, false, fmt.Errorf("%w: request %d-%d is not of its command", ErrCorrupt, o.p.partition, number)
	}
	return number, true, nil
}

// Counts returns how many requests there are and how they stand, with what this overlay changes.
func (o *Overlay) Counts() Counts { return o.meta.counts }

// Apply makes the change happen, together with the position of the changelog to which it leads. It does not wait for
// the disk: after a crash the partition stands at this checkpoint or at an earlier one, with the rows of that one. The
// overlay has ended, whatever Apply returns; with an error nothing was written by it, or the store has failed.
func (o *Overlay) Apply(checkpoint Checkpoint) error {
	if err := o.use(); err != nil {
		return err
	}
	defer o.p.mu.Unlock()
	defer o.p.letGo()
	o.meta.checkpoint, o.meta.hasCheckpoint = checkpoint, true
	if err := o.write.setMeta(&o.meta); err != nil {
		return o.failed(err)
	}
	if err := o.p.store.commit(o.batch); err != nil {
		return o.failed(err)
	}
	o.p.written(o.meta, o.bounds)
	return nil
}

// failed forgets what was learnt of lines that stay as they were.
func (o *Overlay) failed(err error) error {
	o.p.lines.forgetAll()
	return fmt.Errorf("store: apply to partition %d: %w", o.p.partition, err)
}

// Discard ends the overlay without a change. After Apply, or a second time, it does nothing.
func (o *Overlay) Discard() {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	if o.ended {
		return
	}
	o.p.lines.forgetAll()
	o.p.letGo()
}
