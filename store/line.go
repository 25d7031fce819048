package store

import (
	"cmp"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// LineEntry is a request's entry in its card's line: who has not ended stands there, SENT first, then by (due, number),
// as provisioning.Request.LineOrder has it.
type LineEntry struct {
	Number int64
	Sent   bool
	DueAt  provisioning.Timestamp
}

// compare orders entries as they stand in the line.
func (e LineEntry) compare(o LineEntry) int {
	if e.Sent != o.Sent {
		if e.Sent {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(e.DueAt, o.DueAt), cmp.Compare(e.Number, o.Number))
}

// Head returns who is first in a card's line; false where nobody stands in it.
func (o *Overlay) Head(card provisioning.SmartcardKey) (LineEntry, bool, error) {
	if err := o.use(); err != nil {
		return LineEntry{}, false, err
	}
	defer o.p.mu.Unlock()
	head, ok, err := o.head(card)
	return head, ok, o.p.store.seen(err)
}

func (o *Overlay) head(card provisioning.SmartcardKey) (LineEntry, bool, error) {
	memory := o.p.lines.cards[card]
	if memory != nil && memory.hasSent {
		return memory.sent, true, nil
	}
	entry, ok, err := o.firstInLine(card, memory)
	switch {
	case err != nil:
	case !ok:
		delete(o.p.lines.cards, card)
	case memory != nil:
		memory.waiting = entry
	case !entry.Sent:
		o.p.lines.found(card, entry)
	}
	return entry, ok, err
}

// firstInLine returns the first entry of a card's line, from where its memory has it begin.
func (o *Overlay) firstInLine(card provisioning.SmartcardKey, memory *lineMemory) (LineEntry, bool, error) {
	if seen, ok := o.glances[card]; ok && memory == nil {
		return seen.head, seen.any, nil
	}
	prefix := cardKey(nil, o.p.partition, keyCard, card)
	from := prefix
	if memory != nil {
		from = appendLinePosition(prefix, memory.waiting)
	}
	iterator, err := o.lineIterator()
	if err != nil {
		return LineEntry{}, false, err
	}
	if !iterator.SeekPrefixGE(from) {
		return LineEntry{}, false, iteratorError(iterator)
	}
	return o.entryAt(iterator.Key()[len(prefix):])
}

// entryAt reads what stands behind a card in a key; false where the line has ended.
func (o *Overlay) entryAt(behindCard []byte) (LineEntry, bool, error) {
	if !inLine(behindCard) {
		return LineEntry{}, false, nil
	}
	entry, ok := parseLinePosition(behindCard)
	if !ok {
		return LineEntry{}, false, fmt.Errorf("%w: an entry of a card's line in partition %d", ErrCorrupt, o.p.partition)
	}
	return entry, true, nil
}

// Line returns up to limit entries of a card's line in order: from its head where after is nil, else those behind
// after.
func (o *Overlay) Line(card provisioning.SmartcardKey, after *LineEntry, limit int) ([]LineEntry, error) {
	if err := o.use(); err != nil {
		return nil, err
	}
	defer o.p.mu.Unlock()
	entries, err := o.entries(card, after, limit)
	return entries, o.p.store.seen(err)
}

func (o *Overlay) entries(card provisioning.SmartcardKey, after *LineEntry, limit int) ([]LineEntry, error) {
	prefix := cardKey(nil, o.p.partition, keyCard, card)
	from := prefix
	if after != nil {
		from = append(appendLinePosition(prefix, *after), 0)
	}
	iterator, err := o.lineIterator()
	if err != nil {
		return nil, err
	}
	var entries []LineEntry
	for ok := limit > 0 && iterator.SeekPrefixGE(from); ok; ok = len(entries) < limit && iterator.Next() {
		entry, ok, err := o.entryAt(iterator.Key()[len(prefix):])
		if !ok || err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	return entries, iteratorError(iterator)
}

// Urgent reports whether an immediate request is waiting in that card's line.
func (o *Overlay) Urgent(card provisioning.SmartcardKey) (bool, error) {
	if err := o.use(); err != nil {
		return false, err
	}
	defer o.p.mu.Unlock()
	if o.meta.counts.Urgent == 0 {
		return false, nil
	}
	urgent, err := o.urgent(card)
	return urgent, o.p.store.seen(err)
}

func (o *Overlay) urgent(card provisioning.SmartcardKey) (bool, error) {
	memory := o.p.lines.cards[card]
	prefix := cardKey(nil, o.p.partition, keyUrgent, card)
	from := prefix
	if memory != nil {
		from = appendInt(prefix, memory.urgentFrom)
	}
	iterator, err := o.lineIterator()
	if err != nil {
		return false, err
	}
	if !iterator.SeekPrefixGE(from) {
		return false, iteratorError(iterator)
	}
	if memory != nil && len(iterator.Key()) == len(prefix)+8 {
		memory.urgentFrom = readInt(iterator.Key()[len(prefix):])
	}
	return true, nil
}

// lineIterator returns the iterator over keys about cards, as the overlay stands now.
func (o *Overlay) lineIterator() (*pebble.Iterator, error) {
	lower, upper := partitionBounds(o.p.partition)
	return o.refresh(&o.line, &pebble.IterOptions{LowerBound: lower, UpperBound: upper, UseL6Filters: true})
}

// refresh makes an iterator, or sets one to what the overlay is now: far cheaper than a new one for each look.
func (o *Overlay) refresh(iterator **pebble.Iterator, options *pebble.IterOptions) (*pebble.Iterator, error) {
	if *iterator != nil {
		(*iterator).SetOptions(options)
		return *iterator, nil
	}
	made, err := o.batch.NewIter(options)
	if err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	*iterator = made
	return made, nil
}

// iteratorError returns the error that ended an iteration, if one did.
func iteratorError(iterator *pebble.Iterator) error {
	if err := iterator.Error(); err != nil {
		return fmt.Errorf("store: read: %w", err)
	}
	return nil
}
