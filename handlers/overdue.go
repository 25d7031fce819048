package handlers

import (
	"sync/atomic"
	"time"

	"cardstream/provisioning"
	"cardstream/store"
)

// overdue is what a task's owner knows of requests that are due, free to go, and not sent: the gauges by which people
// see that sending does not keep up. The task's goroutine writes it, a scrape reads it. How many are held back the store
// knows.
type overdue struct {
	next    atomic.Int64 // when the first request is to act or was to, in milliseconds; noWake if none is
	due     atomic.Int64 // how many had come due and were not yet reached, when that was last counted
	counted time.Time
}

const (
	noWake     = int64(provisioning.LatestTimestamp)
	countEvery = time.Second
	countMost  = 10_000 // of a partition, beside what is held back: more than that is "many"
)

// look takes over what the overlay shows. Counting is done now and then, and only where something was not yet reached.
func (v *overdue) look(o *store.Overlay, now time.Time) error {
	armed, found, err := o.NextWake()
	if err != nil {
		return err
	}
	if !found {
		armed = provisioning.LatestTimestamp
	}
	next := armed
	if o.Counts().Held() > 0 {
		held, _, err := o.OldestReady()
		if err != nil {
			return err
		}
		next = min(next, held)
	}
	v.next.Store(int64(next))
	at := provisioning.TimestampOf(now)
	if armed >= at {
		v.due.Store(0)
		return nil
	}
	if now.Sub(v.counted) < countEvery {
		return nil
	}
	v.counted = now
	due, err := o.Due(at, countMost)
	v.due.Store(int64(due))
	return err
}

// read returns how many are overdue at now, of which so many are held back, and for how long the oldest has been.
func (v *overdue) read(now time.Time, held int64) (requests int64, oldest time.Duration) {
	at, next := provisioning.TimestampOf(now), provisioning.Timestamp(v.next.Load())
	if next >= at { // compared first: a far next makes no time.Duration
		return 0, 0
	}
	return max(1, v.due.Load()+held), at.Sub(next)
}
