package store

import "slices"

// bounds are where scans begin: what leaves the head of a queue leaves a tombstone in the tree, and a scan that began at
// the head would step over all of them each time.
type bounds struct {
	armed bound
	ready [len(ReadyKinds)]bound
}

// bound says of one kind that no row stands before from but the early ones. Those came when scans had already passed
// their places, as when a long line's next request is due since yesterday: each alone would bring back all the tombstones.
type bound struct {
	from  position
	early []position // in order; of a few. Copies of a bound share it, so it is never changed in place
}

// mostEarly bounds how many early rows are remembered; with more, scans begin at the first of them.
const mostEarly = 64

// unbounded knows nothing: scans begin at the beginning.
func unbounded() bounds {
	first := func(k Kind) bound { return bound{from: position{Place{k, firstTime}, firstNumber}} }
	b := bounds{armed: first(Armed)}
	for i, k := range ReadyKinds {
		b.ready[i] = first(k)
	}
	return b
}

// of returns the bound of a kind; nil for Parked, which nobody scans.
func (b *bounds) of(k Kind) *bound {
	switch {
	case k == Armed:
		return &b.armed
	case k.Held():
		return &b.ready[k-ReadyKinds[0]]
	}
	return nil
}

// added makes room for a row at p.
func (b *bounds) added(p position) {
	own := b.of(p.place.Kind)
	if own == nil || p.compare(own.from) >= 0 {
		return
	}
	at, there := slices.BinarySearchFunc(own.early, p, position.compare)
	switch {
	case there:
	case len(own.early) < mostEarly:
		own.early = slices.Insert(slices.Clone(own.early), at, p)
	default:
		own.from, own.early = own.early[0], nil
		if p.compare(own.from) < 0 {
			own.from = p
		}
	}
}

// removed notes that the row at p is gone.
func (b *bounds) removed(p position) {
	own := b.of(p.place.Kind)
	if own == nil || p.compare(own.from) >= 0 {
		return
	}
	if at, there := slices.BinarySearchFunc(own.early, p, position.compare); there {
		own.early = slices.Delete(slices.Clone(own.early), at, at+1)
	}
}

// earlyUntil returns the early rows up to end, at most limit.
func (b *bound) earlyUntil(end position, limit int) []position {
	n, there := slices.BinarySearchFunc(b.early, end, position.compare)
	if there {
		n++
	}
	return b.early[:max(0, min(n, limit))]
}

// found notes what a scan from the bound up to end met first, if it met any.
func (b *bound) found(items []Item, end position) {
	switch {
	case len(items) > 0:
		b.from = position{items[0].Place, items[0].Number}
	case b.from.compare(end) < 0:
		b.from = end
	}
}
