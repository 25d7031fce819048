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
	bound time.Duration
	gauge prometheus.Gauge

	mu       sync.Mutex
	offset   time.Duration
	at       time.Time // by this process's clock, when offset was taken; zero: it never was
	measured time.Time // the same moment, for its monotonic reading alone
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
	c.offset, c.at, c.measured = offset, answered, time.Now()
	c.mu.Unlock()
	c.gauge.Set(offset.Seconds())
}

// trusted reports whether the clock, which says now, is near enough to the brokers' to decide what is due, and how far off
// it is.
func (c *clockWatch) trusted(now time.Time) (bool, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := c.offset
	if !c.at.IsZero() {
		offset += now.Round(0).Sub(c.at.Round(0)) - time.Since(c.measured)
	}
	return offset.Abs() <= c.bound, offset
}
