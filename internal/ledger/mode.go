package ledger

import (
	"cmp"
	"time"
)

// Mode is how the audited cardstream was run: what may happen depends on it.
type Mode struct {
	// Results says that headend results are read. Without them (--headend-results=off) a request is complete when it
	// is sent: one attempt, REQUEST_SENT and REQUEST_COMPLETED, nothing to respond by.
	Results bool

	// Switched says that results were read for a part of the run only: then a request may have been sent without a
	// respond_by, and be completed without the headend's word.
	Switched bool

	// Timeout and Attempts are --headend-timeout and --headend-attempts; zero is their default. Without Results they mean
	// nothing.
	Timeout  time.Duration
	Attempts int32

	// Outage says that the headend was away for a part of the run. Of a partition that holds, attempts that come to nothing
	// do not count, so nobody outside can say how many there may be.
	Outage bool

	// ClockTolerance is how far the clocks of processors, brokers and witness may be apart. Zero, on one machine, makes
	// every comparison exact.
	ClockTolerance time.Duration

	// ClockJump is by how much more a processor's clock may be wrong for a while. Nothing scheduled may be sent by such a
	// clock, but what is made meanwhile may be dated by it.
	ClockJump time.Duration

	// Open allows requests that have not come to their end: for an audit of what waits for a far day.
	Open bool
}

func (m Mode) toleranceMillis() int64 { return m.ClockTolerance.Milliseconds() }

// datingMillis is how far a date that a processor gave may be from what others' clocks say.
func (m Mode) datingMillis() int64 { return (m.ClockTolerance + m.ClockJump).Milliseconds() }

// What a run has where nobody says otherwise, and what nobody can.
const (
	defaultTimeout  = time.Minute
	defaultAttempts = 3
	leastBackoff    = time.Second // before the second attempt; doubled with each further failure
	mostBackoff     = 5 * time.Minute
	longestPause    = time.Hour // that a headend may ask for
)

func (m Mode) timeoutMillis() int64 { return cmp.Or(m.Timeout, defaultTimeout).Milliseconds() }
func (m Mode) attempts() int32      { return cmp.Or(m.Attempts, defaultAttempts) }
