package stream

import (
	"time"

	"cardstream/consumer"
)

// wakeGuard decides when time-outs and scheduled sends may be decided. The answer to a request that seems late, or the
// cancel of one that is due, may already stand in the log, unread: after a start, after the process slept, and whenever
// the task lags. So the state is woken only when the task has read up to a last stable offset that it saw when a step
// began, and that view of the log must be fresh. The offset is kept until it is reached, and so is reached: a task that
// always lags a little still wakes its state, as it was to be woken when the offset was seen.
type wakeGuard struct {
	fresh  time.Duration // how old the leader's last answer may be
	target int64         // read up to here before waking
	seen   time.Time     // when target was seen; what happened later may not have been read
	valid  bool          // target was seen freshly enough
	retry  mark          // when to look again at a clock that is not trusted
}

// begin opens a step at which the task stands at position. The age of the leader's answer is taken from the wall clock:
// the monotonic one may have stood still while the machine slept. An answer from the future was heard before the clock was
// set back; how old it is nobody knows.
func (g *wakeGuard) begin(position int64, o consumer.Observation, now time.Time) {
	age := now.Round(0).Sub(o.At)
	fresh := !o.At.IsZero() && age >= 0 && age <= g.fresh
	if !g.valid || !fresh || position >= g.target {
		g.valid, g.target, g.seen = fresh, o.LastStableOffset, now
	}
}

// allows reports whether the state may be woken now that the task has read up to position.
func (g *wakeGuard) allows(position int64) bool { return g.valid && position >= g.target }
