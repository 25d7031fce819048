package stream

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// clockWatch compares this process's clock with the brokers': every produce tells the broker's log-append time for free,
// and the monotonic clock carries that on to the next one. A process whose clock is far off must not decide what is due,
// and where it is ahead it dates by theirs, as far as that is known. One per stage; safe for concurrent use.
type clockWatch struct {
	clock func() time.Time // this process's
	bound time.Duration
	gauge prometheus.Gauge
	zero  time.Time // has a monotonic reading, from which a mark counts

	mu     sync.Mutex
	theirs time.Time // the brokers' time at mark zero; the zero Time before they have told it
}

// mark is a moment by the monotonic clock, which nobody can set.
type mark time.Duration

func newClockWatch(clock func() time.Time, bound time.Duration, gauge prometheus.Gauge) *clockWatch {
	return &clockWatch{clock: clock, bound: bound, gauge: gauge, zero: time.Now()}
}

// mark returns the present moment.
func (c *clockWatch) mark() mark { return mark(time.Since(c.zero)) }

// since returns how long ago a moment was.
func (c *clockWatch) since(m mark) time.Duration { return time.Duration(c.mark() - m) }

// observe takes the log-append time of a request that was sent and answered at these moments. The broker appended in
// between, so that only bounds its clock: what is believed of it moves no further than it must. An answer that took long
// says little, and one that took a millisecond nearly all.
func (c *clockWatch) observe(sent, answered mark, appended int64) {
	if appended <= 0 {
		return // the topic does not carry log-append time, or the broker did not say
	}
	written := time.UnixMilli(appended)
	earliest, latest := written.Add(-time.Duration(answered)), written.Add(-time.Duration(sent))
	now, at := c.clock().Round(0), c.mark()

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.theirs.IsZero() {
		c.theirs = now.Add(-time.Duration(at)) // believe this process's clock, unless it cannot be right
	}
	switch {
	case c.theirs.Before(earliest):
		c.theirs = earliest
	case c.theirs.After(latest):
		c.theirs = latest
	}
	c.gauge.Set(c.ahead(now, at).Seconds())
}

// look returns this process's time, and how far it is ahead of the brokers', as far as they have told.
func (c *clockWatch) look() (now time.Time, ahead time.Duration) {
	now, at := c.clock().Round(0), c.mark() // side by side: with anything in between that would count as a jump
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.theirs.IsZero() {
		return now, 0
	}
	return now, c.ahead(now, at)
}

// ahead is how far a clock that shows now is ahead at that moment. mu is held.
func (c *clockWatch) ahead(now time.Time, at mark) time.Duration {
	return now.Sub(c.theirs.Add(time.Duration(at)))
}

// trusts reports whether a clock that is so far ahead (or behind: negative) may decide what is due.
func (c *clockWatch) trusts(ahead time.Duration) bool { return ahead.Abs() <= c.bound }

// now is the time to handle records at: this process's, or the brokers' where it is too far ahead of them. A date that lies
// ahead does harm for as long as it does: nothing in its partition is dated before it. One that lies behind does none.
func (c *clockWatch) now() time.Time {
	now, ahead := c.look()
	if ahead <= c.bound {
		return now
	}
	return now.Add(-ahead)
}
