package store

import "cardstream/provisioning"

// Due counts the Armed requests whose time had come at now, up to limit. It looks at keys alone: for a gauge, where a
// glance must not cost what the work costs.
func (o *Overlay) Due(now provisioning.Timestamp, limit int) (int, error) {
	if err := o.use(); err != nil {
		return 0, err
	}
	defer o.p.mu.Unlock()
	end := position{Place{Armed, now}, lastNumber}
	n := len(o.bounds.armed.earlyUntil(end, limit))
	if end.compare(o.bounds.armed.from) < 0 {
		return n, nil
	}
	iterator, err := o.valueIterator(o.bounds.armed.from, end)
	if err != nil {
		return 0, err
	}
	for ok := n < limit && iterator.First(); ok; ok = n < limit && iterator.Next() {
		n++
	}
	return n, o.p.store.seen(iteratorError(iterator))
}
