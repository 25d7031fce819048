package stream

import "time"

// spacing decides how far apart a task begins its steps: Linger, and more where the brokers are busy. All partitions share
// them, so if each were in a transaction for most of its time, each would mostly wait for the others, and none would be
// sooner for it.
type spacing struct {
	linger time.Duration // the least
	most   float64       // how many times that at most, at present
}

const (
	// A task is in a transaction for a third of its time,
	inTransaction = 3
	// but its steps are no more than four times Linger apart,
	calm = 4
	// unless the brokers fall behind with their markers. Nobody knows what the other partitions and processes ask of them,
	// but all meet it in the same way, and give way together, as senders on a congested network do: each such step
	// doubles the bound, up to this many times Linger,
	behind = 25
	// and each other one leaves so much of what it is above the calm one.
	remains = 0.9
)

func newSpacing(linger time.Duration) spacing { return spacing{linger: linger, most: calm} }

// after returns how long after the beginning of a step the next one may begin. The step's transaction took so long, and
// was held up by the markers of the last one or not. A step that took all it may has a backlog behind it: then it is the
// throughput that counts.
func (s *spacing) after(transaction time.Duration, late, full bool) time.Duration {
	if late {
		s.most = min(2*s.most, behind)
	} else {
		s.most = calm + remains*(s.most-calm)
	}
	if full {
		return s.linger
	}
	return max(s.linger, min(inTransaction*transaction, time.Duration(s.most*float64(s.linger))))
}
