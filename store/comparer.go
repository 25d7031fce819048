package store

import "github.com/cockroachdb/pebble/v2"

// comparer orders keys by their bytes, as Pebble's own does, and tells Pebble which part of a key names a card: so that
// Bloom filters answer "nobody waits for this card" without reading a block.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "cardstream.store.1"
	c.Split = split
	c.ImmediateSuccessor = immediateSuccessor
	return &c
}()

// split returns the length of a key's prefix: to the card's end in keys about a card, else the whole key.
func split(key []byte) int {
	if aboutCard(key) {
		return cardLength(key)
	}
	return len(key)
}

// immediateSuccessor appends the least prefix that is greater than prefix.
func immediateSuccessor(dst, prefix []byte) []byte {
	n := len(prefix)
	if n >= prefixLength+2 && aboutCard(prefix) && prefix[n-2] == escape && prefix[n-1] == terminator {
		return append(append(dst, prefix[:n-1]...), terminator+1)
	}
	return append(append(dst, prefix...), 0)
}
