// Package store keeps the live requests of each partition on local disk, with the indexes that the life cycle needs, in
// memory that does not grow with their number. It is a cache of the compacted topic provisioning.state: that log is the
// truth, nothing here waits for a disk, and a store that is lost is restored.
//
// # Use
//
//	s, replaced, err := store.OpenOrReplace(dir, store.Options{Decode: decode})
//	p, err := s.Lease(7)                   // from now on nobody else writes partition 7
//	checkpoint, ok, err := p.Checkpoint()  // from where to replay
//	r, err := p.Restore(natural)           // Put, Delete, …, Checkpoint now and then, Finish
//	o, err := p.Begin()                    // one step: Get, Woken, Head, Put, Move, Delete
//	err = o.Apply(checkpoint)              // once the step's transaction has committed; else o.Discard()
//
// # Guarantees
//
// An Apply happens wholly or not at all, together with its checkpoint, also across a crash of process or machine: what
// is found afterwards is the state of some Apply, with that one's checkpoint, and of none before one that was written
// out (by Close, by FlushInterval, or because memory was full). What is newer stands in the changelog behind the
// checkpoint.
//
// A partition's newest lease is the only one that writes: Lease waits for what an older one is writing, and whatever
// that one tries later is ErrLeaseLost.
//
// Reading and writing cost the same whether ten thousand requests wait or ten million, but for blocks that must come
// from disk.
//
// Where the disk fails under Pebble's background work the store stops with ErrFailed, instead of ending the process or
// waiting for ever, as Pebble would.
//
// # Places
//
// A request's value lies under its Place, so that waking reads values in a row instead of looking each one up: Armed
// ones by (time, number), those that are held back by urgency and (due, number). Scans begin at a remembered bound
// (bounds, lines), because what has left the head of a queue stays there as tombstones until compaction comes by.
//
// # Layout
//
// Every key begins with its partition, four bytes, and a byte for the kind of row. Numbers and times are eight bytes,
// big-endian with the sign bit flipped, so that bytes order as values do.
//
//	partition 01                              version 03, restoring, has checkpoint, numbers, cluster id, topic id
//	partition 10|11|…|15 time number          the value: 10 Parked (time 0), 11 Armed, 12 to 15 the Ready kinds
//	partition 20 number                       kind and time of its place (9 bytes)
//	partition 30 card 00 01 rank due number   the card's line; rank 00 SENT, 01 waiting. No value, or what a restore
//	                                          guessed (headGuess)
//	partition 30 card 00 01 02 digest         number of the request that a command made
//	partition 31 card 00 01 number            nothing: an immediate one waits in that card's line
//
// A card is its key in UTF-8, each zero byte followed by FF. The digest is the first 16 bytes of SHA-256 over source and
// command id, each behind its length in four bytes big-endian; what is found by it is compared with the request itself.
// Keys about cards have the card as Pebble's prefix (comparer), for Bloom filters: one look tells that nothing is known of
// a card, neither a command nor a line.
package store
