package store_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
	"cardstream/store"
)

// Rows that come when the scan has passed their places are found all the same, in order, be they few or many.
func TestRowsBeforeTheScan(t *testing.T) {
	for _, early := range []int64{1, 63, 64, 65, 200} {
		p := mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))
		o := mustBegin(t, p)
		put := func(n int64, at provisioning.Timestamp) {
			r := request(n, "id:1", at)
			check(t, o.Put(&r, encode(&r), store.ArmedAt(at)))
		}
		put(1000, 50)
		put(1001, 60)
		if woken := must[[]store.Item](t)(o.Woken(100, 10)); len(woken) != 2 {
			t.Fatalf("%d woken, want 2", len(woken))
		}
		check(t, o.Apply(store.Checkpoint{}))
		o = mustBegin(t, p)
		for n := early; n > 0; n-- {
			put(n, provisioning.Timestamp(n%40))
		}
		o.Discard() // nothing of that happened
		o = mustBegin(t, p)
		for n := early; n > 0; n-- {
			put(n, provisioning.Timestamp(n%40))
		}
		check(t, o.Delete(1))
		woken := must[[]store.Item](t)(o.Woken(55, 1000))
		if int64(len(woken)) != early {
			t.Fatalf("%d early: %d woken", early, len(woken))
		}
		for i := range woken[1:] {
			a, b := woken[i], woken[i+1]
			if a.Place.At > b.Place.At || a.Place.At == b.Place.At && a.Number > b.Number {
				t.Fatalf("%d early: %d at %d is woken before %d at %d", early, a.Number, a.Place.At, b.Number, b.Place.At)
			}
		}
		if n := must[int](t)(o.Due(55, 1000)); int64(n) != early {
			t.Errorf("%d early: %d are due", early, n)
		}
		if at, found, err := o.NextWake(); err != nil || !found || at != woken[0].Place.At {
			t.Errorf("%d early: next wake at %d, %v, %v", early, at, found, err)
		}
	}
}
