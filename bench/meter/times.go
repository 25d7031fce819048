package meter

import "time"

// Times of a load that has been awaited and was not Untimed.

// Took returns how long it was from the load's first moment to its last smartcard command.
func (l *Load) Took() time.Duration {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	return l.last.Sub(l.began)
}

// FromAppend sums up smartcard command read − command appended. Brokers tell appends in whole milliseconds, cut off, so
// that each is up to a millisecond too long.
func (l *Load) FromAppend() Quantiles {
	return l.quantiles(func(i int) int64 { return l.arrived[i] - 1000*l.appended[i] })
}

// FromPlan sums up smartcard command read − moment at which the command was to be written.
func (l *Load) FromPlan() Quantiles {
	return l.quantiles(func(i int) int64 { return l.arrived[i] - l.planned[i] })
}

// Slip sums up command appended − moment at which it was to be written: how far the feeder and the brokers were behind.
func (l *Load) Slip() Quantiles {
	return l.quantiles(func(i int) int64 { return 1000*l.appended[i] - l.planned[i] })
}

// Lateness sums up smartcard command read − due, of scheduled commands, and counts those that were early.
func (l *Load) Lateness() (q Quantiles, early int) {
	late := func(i int) int64 { return l.arrived[i] - 1000*l.plan.Due(i).UnixMilli() }
	for i := range l.arrived {
		if late(i) < 0 {
			early++
		}
	}
	return l.quantiles(late), early
}

// quantiles sums up what of gives for each command, in microseconds.
func (l *Load) quantiles(of func(i int) int64) Quantiles {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	micros := make([]int64, len(l.arrived))
	for i := range micros {
		micros[i] = of(i)
	}
	return QuantilesOf(micros)
}
