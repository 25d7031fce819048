package store_test

import (
	"testing"

	"cardstream/provisioning"
	"cardstream/store"
)

func TestWhatIsAppliedIsThere(t *testing.T) {
	s := mustOpen(t, t.TempDir(), store.Options{})
	p := must[*store.Partition](t)(s.Lease(partition))
	o := must[*store.Overlay](t)(p.Begin())
	for n := range int64(10) {
		r := request(n, "serial_number:1", provisioning.Timestamp(100-n))
		check(t, o.Put(&r, encode(&r), store.ArmedAt(r.DueAt)))
	}
	items := must[[]store.Item](t)(o.Woken(95, 100))
	if len(items) != 5 || items[0].Number != 9 {
		t.Fatalf("woken %v, want 9 to 5", items)
	}
	check(t, o.Apply(store.Checkpoint{Position: 10}))

	o = must[*store.Overlay](t)(p.Begin())
	for _, want := range []int64{9, 8} {
		head, ok, err := o.Head("serial_number:1")
		if head.Number != want || !ok || err != nil {
			t.Fatalf("head is %v, %v, %v, want %d", head, ok, err, want)
		}
		check(t, o.Delete(want))
	}
	o.Discard()
	if counts := p.Counts(); counts.Pending != 10 || counts.Armed != 10 || counts.MaxCreatedAt != 9 {
		t.Errorf("counts are %+v", counts)
	}
}
