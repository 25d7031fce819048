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
	if end.compare(o.bounds.armed) < 0 {
		return 0, nil
	}
	iterator, err := o.valueIterator(o.bounds.armed, end)
	if err != nil {
		return 0, err
	}
	n := 0
	for ok := n < limit && iterator.First(); ok; ok = n < limit && iterator.Next() {
		n++
	}
	return n, o.p.store.seen(iteratorError(iterator))
}
