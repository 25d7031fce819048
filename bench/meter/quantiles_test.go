package meter_test

import (
	"testing"
	"time"

	"cardstream/bench/meter"
)

func TestQuantilesByNearestRank(t *testing.T) {
	thousand := make([]int64, 1000)
	for i := range thousand {
		thousand[i] = int64(1000 - i) // 1,000 to 1
	}
	micro := time.Microsecond
	for name, test := range map[string]struct {
		micros []int64
		want   meter.Quantiles
	}{
		"none":     {nil, meter.Quantiles{}},
		"one":      {[]int64{7}, meter.Quantiles{Count: 1, P50: 7 * micro, P90: 7 * micro, P99: 7 * micro, P999: 7 * micro, Max: 7 * micro}},
		"two":      {[]int64{9, 1}, meter.Quantiles{Count: 2, P50: micro, P90: 9 * micro, P99: 9 * micro, P999: 9 * micro, Max: 9 * micro}},
		"thousand": {thousand, meter.Quantiles{Count: 1000, P50: 500 * micro, P90: 900 * micro, P99: 990 * micro, P999: 999 * micro, Max: 1000 * micro}},
	} {
		if got := meter.QuantilesOf(test.micros); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestSpread(t *testing.T) {
	first := time.Unix(1000, 123_456_789)
	due := meter.Spread(first, 300)
	if got := due(0); !got.Equal(time.Unix(1000, 123_000_000)) {
		t.Errorf("the first is due at %v", got)
	}
	if got := due(301).Sub(due(0)); got != 1003*time.Millisecond {
		t.Errorf("the 301st is due %v later", got)
	}
	if all := meter.Spread(first, 0); !all(5).Equal(all(0)) {
		t.Error("without a rate not all are due at once")
	}
}
