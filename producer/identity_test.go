package producer_test

import (
	"math"
	"testing"

	"cardstream/producer"
)

// As org.apache.kafka.common.record.DefaultRecordBatch.incrementSequence counts.
func TestSequencesWrapAt2To31(t *testing.T) {
	for _, c := range []struct {
		from    int32
		records int
		want    int32
	}{
		{0, 1, 1},
		{math.MaxInt32 - 1, 1, math.MaxInt32},
		{math.MaxInt32, 1, 0},
		{math.MaxInt32 - 4, 10, 5},
		{math.MaxInt32, math.MaxInt32, math.MaxInt32 - 1},
	} {
		if got := producer.NextSequence(c.from, c.records); got != c.want {
			t.Errorf("%d records from %d: next is %d, want %d", c.records, c.from, got, c.want)
		}
	}
}
