package handlers

import (
	"sync/atomic"
	"time"

	"cardstream/provisioning"
	"cardstream/store"
)

// overdue is what a task's owner knows of requests that are due, free to go, and not sent: the gauges by which people
// see that sending does not keep up. The task's goroutine writes it, a scrape reads it.
type overdue struct {
	next    atomic.Int64 // when the first request is to act, in milliseconds; noWake if none is
	due     atomic.Int64 // how many had come due, held back or not, when that was last counted
	counted time.Time
}

const (
	noWake     = int64(provisioning.LatestTimestamp)
	countEvery = time.Second
	countMost  = 10_000 // of a partition, beside what is held back: more than that is "many"
)

// look takes over what the overlay shows. Counting is done now and then, and only where something is overdue.
func (v *overdue) look(o *store.Overlay, now time.Time) error {
	next, err := firstDue(o)
	if err != nil {
		return err
	}
	v.next.Store(int64(next))
	at := provisioning.TimestampOf(now)
	if next >= at {
		v.due.Store(0)
		return nil
	}
	if now.Sub(v.counted) < countEvery {
		return nil
	}
	v.counted = now
	due, err := o.Due(at, countMost)
	v.due.Store(int64(due) + o.Counts().Held())
	return err
}

// firstDue returns since or from when the first request is due that can act or is held back.
func firstDue(o *store.Overlay) (provisioning.Timestamp, error) {
	next, found, err := o.NextWake()
	if err != nil {
		return 0, err
	}
	if !found {
		next = provisioning.LatestTimestamp
	}
	if o.Counts().Held() == 0 {
		return next, nil
	}
	held, found, err := o.OldestReady()
	if found {
		next = min(next, held)
	}
	return next, err
}

// read returns how many are overdue at now, and for how long the oldest has been.
func (v *overdue) read(now time.Time) (requests int64, oldest time.Duration) {
	at, next := provisioning.TimestampOf(now), provisioning.Timestamp(v.next.Load())
	if next >= at { // compared first: a far next makes no time.Duration
		return 0, 0
	}
	return max(1, v.due.Load()), at.Sub(next)
}
