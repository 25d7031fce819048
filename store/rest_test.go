package store_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
	"cardstream/store"
)

// Overlays at rest pin nothing of what the others have replaced, keep their changes, and read on afterwards.
func TestOverlaysAtRestPinNoMemory(t *testing.T) {
	options := small(vfs.NewMem())
	s := mustOpen(t, "store", options)
	put := func(o *store.Overlay, in int32, number int64) {
		t.Helper()
		r := request(number, "id:1", 10)
		r.Number.Partition = in
		check(t, o.Put(&r, encode(&r), store.ArmedAt(10)))
	}
	look := func(o *store.Overlay) {
		t.Helper()
		if line, err := o.Line("id:1", nil, 5); err != nil || len(line) != 1 {
			t.Fatalf("line is %v, %v", line, err)
		}
		if woken, err := o.Woken(provisioning.Timestamp(10), 5); err != nil || len(woken) != 1 {
			t.Fatalf("woken are %v, %v", woken, err)
		}
	}
	busy := must[*store.Partition](t)(s.Lease(0))
	churn := func() { // writes a few memtables full
		for n := range int64(3) {
			o := mustBegin(t, busy)
			for i := range int64(200) {
				put(o, 0, n*200+i)
			}
			check(t, o.Apply(store.Checkpoint{}))
		}
	}
	var overlays []*store.Overlay
	for in := int32(1); in <= 10; in++ {
		o := mustBegin(t, must[*store.Partition](t)(s.Lease(in)))
		put(o, in, 1)
		look(o)
		overlays = append(overlays, o)
		churn()
	}
	before := s.Metrics().MemtableBytes
	for _, o := range overlays {
		o.Rest()
	}
	after := s.Metrics().MemtableBytes
	if let := int64(before) - int64(after); let < 5*options.MemtableBytes {
		t.Errorf("memtables have %d bytes while ten overlays read, and %d while they rest", before, after)
	}
	for _, o := range overlays {
		look(o)
	}
}
