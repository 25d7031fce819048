package handlers

import (
	"time"

	"cardstream/provisioning"
)

// pace spreads a partition's smartcard commands evenly: its share of the application's rate, whatever the other
// partitions do. It is a token bucket kept as one time, that at which the bucket would be full of debt (the virtual
// scheduling of ITU-T I.371, "GCRA"). The zero pace has no bound.
type pace struct {
	rate     float64       // of the whole application, as it was last set
	interval time.Duration // between two commands of this partition; 0: no bound
	spent    time.Duration // since the epoch: when all that was sent would have been sent at the rate
}

// A partition that was idle, or waited for its transaction, may make good for what it missed in so long; and where
// commands wait for the rate, a step is worth while only once so much time's worth of them may go.
const (
	paceBurst = 500 * time.Millisecond
	paceGrain = 100 * time.Millisecond
)

// set changes the rate: commands a second, of so many partitions together.
func (p *pace) set(rate float64, partitions int32) {
	if rate == p.rate {
		return
	}
	*p = pace{rate: rate}
	if rate > 0 {
		p.interval = max(1, time.Duration(float64(time.Second)*float64(max(1, partitions))/rate))
	}
}

// room returns how many commands may go now.
func (p *pace) room(now provisioning.Timestamp) int {
	if p.interval == 0 {
		return unbounded
	}
	at := sinceEpoch(now)
	left := at + paceBurst - p.begin(at)
	if left < 0 {
		return 0
	}
	return int(left/p.interval) + 1
}

// took counts a command that went.
func (p *pace) took(now provisioning.Timestamp) {
	if p.interval > 0 {
		p.spent = p.begin(sinceEpoch(now)) + p.interval
	}
}

// begin is when the next command would go at the rate: not in the past, and no later than what was sent can account for,
// however far the clock was set back.
func (p *pace) begin(now time.Duration) time.Duration {
	if p.spent > now+paceBurst+p.interval {
		return now
	}
	return max(p.spent, now)
}

// next returns when it is worth while to look again. It is in the past where commands may go already.
func (p *pace) next(now provisioning.Timestamp) provisioning.Timestamp {
	if p.interval == 0 {
		return 0
	}
	at := p.begin(sinceEpoch(now)) - paceBurst + max(0, paceGrain-p.interval)
	return provisioning.Timestamp((at + time.Millisecond - 1) / time.Millisecond)
}

// sinceEpoch is a time in nanoseconds.
func sinceEpoch(t provisioning.Timestamp) time.Duration { return time.Duration(t) * time.Millisecond }
