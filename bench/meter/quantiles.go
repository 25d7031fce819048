package meter

import (
	"fmt"
	"slices"
	"time"
)

// Quantiles sum up durations.
type Quantiles struct {
	Count                    int
	P50, P90, P99, P999, Max time.Duration
}

// QuantilesOf sorts micros, microseconds, and reads the quantiles off by nearest rank: the p-th is the least value that at
// least p of all are not above.
func QuantilesOf(micros []int64) Quantiles {
	if len(micros) == 0 {
		return Quantiles{}
	}
	slices.Sort(micros)
	at := func(permille int) time.Duration {
		rank := (len(micros)*permille + 999) / 1000
		return time.Duration(micros[rank-1]) * time.Microsecond
	}
	return Quantiles{Count: len(micros), P50: at(500), P90: at(900), P99: at(990), P999: at(999), Max: at(1000)}
}

// String prints them in one line.
func (q Quantiles) String() string {
	if q.Count == 0 {
		return "none"
	}
	short := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	return fmt.Sprintf("n %d, median %s, 90 %% %s, 99 %% %s, 99.9 %% %s, most %s",
		q.Count, short(q.P50), short(q.P90), short(q.P99), short(q.P999), short(q.Max))
}
