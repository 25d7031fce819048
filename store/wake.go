package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// Woken returns up to limit requests that are Armed at now or before, by (time, number). It begins at the first that is
// still Armed: who has woken one and leaves it there meets it again.
func (o *Overlay) Woken(now provisioning.Timestamp, limit int) ([]Item, error) {
	if err := o.use(); err != nil {
		return nil, err
	}
	defer o.p.mu.Unlock()
	end := position{Place{Armed, now}, lastNumber}
	items, err := o.queued(&o.bounds.armed, end, limit)
	return items, o.p.store.seen(err)
}

// NextWake returns the time of the next Armed request; false where none is.
func (o *Overlay) NextWake() (provisioning.Timestamp, bool, error) { return o.first(Armed) }

// OldestReady returns since when the request that is longest held back has been due; false where none is.
func (o *Overlay) OldestReady() (oldest provisioning.Timestamp, found bool, err error) {
	for _, k := range ReadyKinds {
		since, ok, err := o.first(k)
		if err != nil {
			return 0, false, err
		}
		if ok && (!found || since < oldest) {
			oldest, found = since, true
		}
	}
	return oldest, found, nil
}

// first returns the time of the first row of a kind.
func (o *Overlay) first(k Kind) (provisioning.Timestamp, bool, error) {
	if err := o.use(); err != nil {
		return 0, false, err
	}
	defer o.p.mu.Unlock()
	bound, end := o.bounds.of(k), position{Place{k, lastTime}, lastNumber}
	if *o.meta.counts.place(k) == 0 {
		bound.from = end
		return 0, false, nil
	}
	if len(bound.early) > 0 {
		return bound.early[0].place.At, true, nil
	}
	iterator, err := o.valueIterator(bound.from, end)
	if err != nil {
		return 0, false, err
	}
	if !iterator.First() {
		err := iteratorError(iterator)
		if err == nil {
			err = fmt.Errorf("%w: partition %d has none of the %s ones that it counts", ErrCorrupt, o.p.partition, k)
		}
		return 0, false, o.p.store.seen(err)
	}
	p, ok := parseValueKey(iterator.Key())
	if !ok {
		return 0, false, o.p.store.seen(o.badKey())
	}
	bound.from = p
	return p.place.At, true, nil
}

// ReadyItems returns the first requests, up to limit, of a kind of what is held back, by (due, number). It begins at the
// first that still stands there: who has taken one and leaves it there meets it again.
func (o *Overlay) ReadyItems(k Kind, limit int) ([]Item, error) {
	if err := o.use(); err != nil {
		return nil, err
	}
	defer o.p.mu.Unlock()
	if !k.Held() || *o.meta.counts.place(k) == 0 {
		return nil, nil
	}
	items, err := o.queued(o.bounds.of(k), position{Place{k, lastTime}, lastNumber}, limit)
	return items, o.p.store.seen(err)
}

// queued reads up to limit rows of a kind up to end: the early ones, then those from its bound on.
func (o *Overlay) queued(b *bound, end position, limit int) ([]Item, error) {
	var items []Item
	for _, p := range b.earlyUntil(end, limit) {
		item, err := o.item(p, o.known[p.number].value)
		if err != nil {
			return nil, err
		}
		o.learn(&item)
		items = append(items, item)
	}
	if len(items) >= limit {
		return items, nil
	}
	rest, err := o.items(b.from, end, limit-len(items))
	if err != nil {
		return nil, err
	}
	b.found(rest, end)
	return append(items, rest...), nil
}

// items reads up to limit rows from the first position to the last.
func (o *Overlay) items(first, last position, limit int) ([]Item, error) {
	if limit <= 0 || last.compare(first) < 0 {
		return nil, nil
	}
	iterator, err := o.valueIterator(first, last)
	if err != nil {
		return nil, err
	}
	var items []Item
	for ok := iterator.First(); ok; ok = len(items) < limit && iterator.Next() {
		p, ok := parseValueKey(iterator.Key())
		if !ok {
			return nil, o.badKey()
		}
		value, err := iterator.ValueAndErr()
		if err != nil {
			return nil, fmt.Errorf("store: read: %w", err)
		}
		item, err := o.read.decoded(p, o.keep(value))
		if err != nil {
			return nil, err
		}
		o.learn(&item)
		items = append(items, item)
	}
	return items, iteratorError(iterator)
}

// valueIterator returns the iterator over values from the first position to the last, as the overlay stands now.
func (o *Overlay) valueIterator(first, last position) (*pebble.Iterator, error) {
	return o.refresh(&o.scan, &pebble.IterOptions{
		LowerBound: valueKey(nil, o.p.partition, first),
		UpperBound: append(valueKey(nil, o.p.partition, last), 0),
	})
}

func (o *Overlay) badKey() error {
	return fmt.Errorf("%w: the key of a value in partition %d", ErrCorrupt, o.p.partition)
}

// keptChunk is how much of values is kept in one piece: some hundred.
const keptChunk = 64 << 10

// keep copies a value that an iterator lends. Chunks are never used again, so that an Item lives as long as its owner.
func (o *Overlay) keep(value []byte) []byte {
	if len(o.kept)+len(value) > cap(o.kept) {
		o.kept = make([]byte, 0, max(keptChunk, len(value)))
	}
	start := len(o.kept)
	o.kept = append(o.kept, value...)
	return o.kept[start:len(o.kept):len(o.kept)]
}
