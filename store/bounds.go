package store

// bounds are where scans begin: no row of that kind stands before its bound. What leaves the head of a queue leaves a
// tombstone in the tree, and a scan that began at the head would step over all of them each time.
type bounds struct {
	armed position
	ready [len(ReadyKinds)]position
}

// unbounded knows nothing: scans begin at the beginning.
func unbounded() bounds {
	first := func(k Kind) position { return position{Place{k, firstTime}, firstNumber} }
	b := bounds{armed: first(Armed)}
	for i, k := range ReadyKinds {
		b.ready[i] = first(k)
	}
	return b
}

// of returns the bound of a kind; nil for Parked, which nobody scans.
func (b *bounds) of(k Kind) *position {
	switch {
	case k == Armed:
		return &b.armed
	case k.Held():
		return &b.ready[k-ReadyKinds[0]]
	}
	return nil
}

// lower makes room for a row at p.
func (b *bounds) lower(p position) {
	if bound := b.of(p.place.Kind); bound != nil && p.compare(*bound) < 0 {
		*bound = p
	}
}
