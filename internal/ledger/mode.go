package ledger

import "time"

// Mode is how the audited cardstream was run: what may happen depends on it.
type Mode struct {
	// Results says that headend results are read. Without them (--headend-results=off) a request is complete when it
	// is sent: one attempt, REQUEST_SENT and REQUEST_COMPLETED, nothing to respond by.
	Results bool

	// ClockTolerance is how far the clocks of processors, brokers and witness may be apart. Zero, on one machine, makes
	// every comparison exact.
	ClockTolerance time.Duration

	// Open allows requests that have not come to their end: for an audit of what waits for a far day.
	Open bool
}

func (m Mode) toleranceMillis() int64 { return m.ClockTolerance.Milliseconds() }
