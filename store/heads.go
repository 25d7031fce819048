package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// cardSet holds cards, up to a bound.
type cardSet struct {
	cards map[provisioning.SmartcardKey]struct{}
}

// maxCards is how many touched cards a restore remembers: more, and it looks at every line.
const maxCards = 200_000

func newCardSet() *cardSet { return &cardSet{make(map[provisioning.SmartcardKey]struct{})} }

// add reports whether there was room.
func (s *cardSet) add(card provisioning.SmartcardKey) bool {
	if len(s.cards) == maxCards {
		return false
	}
	s.cards[card] = struct{}{}
	return true
}

// A restore settles so much in one batch, between which the lease can end.
const (
	linesPerBatch   = 1000
	entriesPerBatch = 4096
)

// settleHeads moves every request whose line may have changed to where it stands by nature. Where the restore wrote
// every row itself, the lines' rows can be trusted to say how each was placed.
func (r *Restore) settleHeads(ctx context.Context, trusted bool) error {
	r.write.line = nil // from here on requests move, and lines stay
	if r.touched == nil {
		return r.settleAll(ctx, trusted)
	}
	for cards := range slices.Chunk(slices.Collect(maps.Keys(r.touched.cards)), linesPerBatch) {
		if err := r.settleSome(ctx, func(i *pebble.Iterator) error { return r.settleLines(i, cards) }); err != nil {
			return err
		}
	}
	return nil
}

// settleSome lets settle read lines, and writes what that leads to.
func (r *Restore) settleSome(ctx context.Context, settle func(*pebble.Iterator) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: restore partition %d: %w", r.p.partition, err)
	}
	if err := r.use(); err != nil {
		return err
	}
	defer r.p.mu.Unlock()
	return r.inBatch(func() error {
		lower, upper := appendPrefix(nil, r.p.partition, keyCard), appendPrefix(nil, r.p.partition, keyCard+1)
		iterator, err := r.p.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		return errors.Join(settle(iterator), iterator.Close())
	})
}

// settleLines settles the lines of some cards.
func (r *Restore) settleLines(iterator *pebble.Iterator, cards []provisioning.SmartcardKey) error {
	for _, card := range cards {
		walk := lineWalk{restore: r}
		for ok := iterator.SeekPrefixGE(cardKey(nil, r.p.partition, keyCard, card)); ok; ok = iterator.Next() {
			if err := walk.entry(iterator); err != nil {
				return err
			}
		}
	}
	return nil
}

// settleAll settles every line.
func (r *Restore) settleAll(ctx context.Context, trusted bool) error {
	walk := lineWalk{restore: r, trusted: trusted, from: appendPrefix(nil, r.p.partition, keyCard)}
	for !walk.done {
		if err := r.settleSome(ctx, walk.some); err != nil {
			return err
		}
	}
	return nil
}

// lineWalk goes through lines in the order of their keys.
type lineWalk struct {
	restore *Restore
	trusted bool   // rows say how they were placed
	card    []byte // the last entry's key up to its card's end
	from    []byte // where the next batch begins
	done    bool
}

// some settles as many entries as belong in a batch.
func (w *lineWalk) some(iterator *pebble.Iterator) error {
	entries := 0
	for ok := iterator.SeekGE(w.from); ok; ok = iterator.Next() {
		if entries == entriesPerBatch {
			w.from = bytes.Clone(iterator.Key())
			return nil
		}
		entries++
		if err := w.entry(iterator); err != nil {
			return err
		}
	}
	w.done = true
	return nil
}

// entry settles one entry.
func (w *lineWalk) entry(iterator *pebble.Iterator) error {
	key := iterator.Key()
	card := key[:cardLength(key)]
	if !inLine(key[len(card):]) {
		return nil
	}
	head := !bytes.Equal(card, w.card)
	w.card = append(w.card[:0], card...)
	if w.trusted {
		placed, err := iterator.ValueAndErr()
		if err != nil || head && bytes.Equal(placed, placedAsHead) || !head && bytes.Equal(placed, placedAsFollower) {
			return err
		}
	}
	entry, ok := parseLinePosition(key[len(card):])
	if !ok {
		return fmt.Errorf("%w: an entry of a card's line in partition %d", ErrCorrupt, w.restore.p.partition)
	}
	return w.restore.settle(entry.Number, head)
}

// settle moves a request to its natural place.
func (r *Restore) settle(number int64, head bool) error {
	item, ok, err := r.item(number)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: request %d-%d stands in a line and is not there", ErrCorrupt, r.p.partition, number)
	}
	old := standingOf(&item.Request, item.Place, len(item.Value))
	next := old
	next.place = r.natural(&item.Request, head)
	if next.place == old.place {
		return nil
	}
	if !next.place.Kind.valid() {
		return fmt.Errorf("store: request %s restored to no place", item.Request.Number)
	}
	r.meta.counts.add(old, -1)
	r.meta.counts.add(next, 1)
	return r.write.replace(number, old, next, item.Value)
}
