package store

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// glance is what a look at a card's rows has seen: who stands first in its line, and whether it has any rows, a command's
// perhaps. For a card of which nothing is known, as most are, that answers every question of a new command at once.
type glance struct {
	head LineEntry
	any  bool // somebody stands in the line
	rows bool
}

// Foresee looks at these cards before a step asks about them one after the other: in the order of their keys, in which
// neighbours share what a look goes through. It only saves time, whatever is asked then. It sorts cards.
func (o *Overlay) Foresee(cards []provisioning.SmartcardKey) error {
	if err := o.use(); err != nil {
		return err
	}
	defer o.p.mu.Unlock()
	return o.p.store.seen(o.foresee(cards))
}

func (o *Overlay) foresee(cards []provisioning.SmartcardKey) error {
	iterator, err := o.lineIterator()
	if err != nil {
		return err
	}
	slices.Sort(cards)
	for _, card := range slices.Compact(cards) {
		if o.p.lines.cards[card] != nil {
			continue // see look
		}
		if _, seen := o.glances[card]; seen {
			continue
		}
		if _, err := o.glanceAt(iterator, card); err != nil {
			return err
		}
	}
	return nil
}

// glanceAt looks at a card's rows, and remembers it until something of that card changes.
func (o *Overlay) glanceAt(iterator *pebble.Iterator, card provisioning.SmartcardKey) (glance, error) {
	o.read.key = cardKey(o.read.key[:0], o.p.partition, keyCard, card)
	seen := glance{rows: iterator.SeekPrefixGE(o.read.key)}
	if err := iteratorError(iterator); err != nil {
		return glance{}, err
	}
	if seen.rows {
		var err error
		if seen.head, seen.any, err = o.entryAt(iterator.Key()[len(o.read.key):]); err != nil {
			return glance{}, err
		}
	}
	o.glances[card] = seen
	return seen, nil
}

// look looks up whose request a command made, with a glance at its card's line. Where the line's beginning is
// remembered there is no glance: it would meet all who have left.
func (o *Overlay) look(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	if o.p.lines.cards[card] != nil {
		return o.command(card, source, commandID)
	}
	seen, ok := o.glances[card]
	if !ok {
		iterator, err := o.lineIterator()
		if err != nil {
			return 0, false, err
		}
		if seen, err = o.glanceAt(iterator, card); err != nil {
			return 0, false, err
		}
	}
	if !seen.rows {
		return 0, false, nil
	}
	return o.command(card, source, commandID)
}
