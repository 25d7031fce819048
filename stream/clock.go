package stream

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// clockWatch compares this process's clock with the brokers': every produce tells the broker's log-append time for
// free. A process whose clock is far off must not decide what is due. Between two produces the monotonic clock tells: what
// the other one has gained or lost against it since, it is now off by as well, because somebody has set it or the machine
// has slept. One per process; safe for concurrent use.
type clockWatch struct {
	clock func() time.Time // this process's
	bound time.Duration
	gauge prometheus.Gauge
	began time.Time // has a monotonic reading, to count from

	mu     sync.Mutex
	offset time.Duration
	known  bool          // an offset was taken
	drift  time.Duration // of the clock against the monotonic one, when it was
}

func newClockWatch(clock func() time.Time, bound time.Duration, gauge prometheus.Gauge) *clockWatch {
	return &clockWatch{clock: clock, bound: bound, gauge: gauge, began: time.Now()}
}

// observe takes the log-append time of a request that was sent and answered at these times of this process's clock. The
// broker appended in between, so only what lies outside of that span is certainly an offset.
func (c *clockWatch) observe(sent, answered time.Time, appended int64) {
	if appended <= 0 {
		return // the topic does not carry log-append time, or the broker did not say
	}
	var offset time.Duration
	at := time.UnixMilli(appended)
	switch {
	case at.Before(sent.Truncate(time.Millisecond)):
		offset = sent.Sub(at)
	case at.After(answered):
		offset = answered.Sub(at) // negative: this clock is behind
	}
	if answered.Sub(sent) > c.bound && offset.Abs() <= c.bound {
		return // it took so long that it does not show the clock to be right: what was known before stands
	}
	c.mu.Lock()
	c.offset, c.drift, c.known = offset, c.ahead(), true
	c.mu.Unlock()
	c.gauge.Set(offset.Seconds())
}

// trusted reports whether the clock is near enough to the brokers' to decide what is due, and how far off it is.
func (c *clockWatch) trusted() (bool, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := c.offset
	if c.known {
		offset += c.ahead() - c.drift
	}
	return offset.Abs() <= c.bound, offset
}

// ahead is how far the clock is ahead of the monotonic one: a number that says nothing by itself. Both are read side by
// side. With anything in between (the local state was written there once, which may take seconds) that would count as a
// jump.
func (c *clockWatch) ahead() time.Duration {
	return c.clock().Round(0).Sub(c.began.Round(0)) - time.Since(c.began)
}
