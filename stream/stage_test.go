package stream_test

import (
	"testing"

	"cardstream/stream"
)

// A process that begins, stops and begins again goes on where it was, with its disk or without.
func TestAStageGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 3)
	disk := newFolder()
	for range 3 {
		p := b.mustRun(t, disk)
		b.feed(t, 100)
		b.awaitAll(t)
		for _, s := range p.Status() {
			if s.State != stream.Stepping {
				t.Errorf("partition %d is %s (%s)", s.Partition, s.State, s.Detail)
			}
		}
		p.end(t)
		if left := p.Status(); len(left) > 0 {
			t.Errorf("after the end there are still %v", left)
		}
	}
	p := b.mustRun(t, newFolder())
	b.feed(t, 100)
	b.awaitAll(t)
	p.end(t)
	b.check(t)
}
