package store

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// Most look-ups are for what is not there: a command that is new, a card without a line. Ten bits a key answer all but
// one in a hundred of them without reading a block.
const everyRow = bloom.FilterPolicy(10)

// cardRows is the filter of the lowest level, which has nine tenths of all rows. Only rows that are looked up in vain
// are in it: lines and commands. Places and values are looked up where they are known to be, and would make it twice as
// large; with millions of requests it would not fit the cache, and each look-up would read it from disk.
type cardRows struct{ bloom.FilterPolicy }

// Name implements pebble.FilterPolicy. It stands in the tables.
func (cardRows) Name() string { return "cardstream.cards.1" }

// MayContain implements pebble.FilterPolicy.
func (f cardRows) MayContain(kind pebble.FilterType, filter, key []byte) bool {
	return !aboutCard(key) || f.FilterPolicy.MayContain(kind, filter, key)
}

// NewWriter implements pebble.FilterPolicy.
func (f cardRows) NewWriter(kind pebble.FilterType) pebble.FilterWriter {
	return cardRowsWriter{f.FilterPolicy.NewWriter(kind)}
}

type cardRowsWriter struct{ pebble.FilterWriter }

func (w cardRowsWriter) AddKey(key []byte) {
	if aboutCard(key) {
		w.FilterWriter.AddKey(key)
	}
}
