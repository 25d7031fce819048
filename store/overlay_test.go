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
	if counts := p.Counts(); counts.Pending != 10 || counts.Armed != 10 || counts.MaxUpdatedAt != 9 {
		t.Errorf("counts are %+v", counts)
	}
}

// A look for a command also sees who is first in its card's line, until something of that card changes.
func TestALookForACommandSeesTheLine(t *testing.T) {
	const card = provisioning.SmartcardKey("serial_number:1")
	type line struct {
		head int64
		any  bool
	}
	put := func(r provisioning.Request) func(*store.Overlay) error {
		return func(o *store.Overlay) error { return o.Put(&r, encode(&r), store.ArmedAt(r.DueAt)) }
	}
	first, second, third := request(1, card, 20), request(2, card, 10), request(3, card, 30)
	steps := []struct {
		name   string
		change func(*store.Overlay) error
		want   line
	}{
		{"nothing is known of the card", func(*store.Overlay) error { return nil }, line{}},
		{"one waits", put(first), line{1, true}},
		{"one waits before it", put(second), line{2, true}},
		{"that one has ended", put(with(second, completed)), line{1, true}},
		{"both have ended", put(with(first, completed)), line{}},
		{"one is forgotten", func(o *store.Overlay) error { return o.Delete(1) }, line{}},
		{"another waits", put(third), line{3, true}},
		{"and is sent", put(with(third, sent)), line{3, true}},
		{"the sent one is forgotten", func(o *store.Overlay) error { return o.Delete(3) }, line{}},
	}
	look := func(o *store.Overlay, name string, want line) {
		t.Helper()
		head, ok, err := o.Head(card)
		if err != nil || (line{head.Number, ok}) != want {
			t.Errorf("%s: head %v, %v, %v, want %v", name, head, ok, err, want)
		}
	}
	for name, glance := range map[string]func(*store.Overlay) error{
		"by the look": func(o *store.Overlay) error {
			_, _, err := o.ByCommand(card, first.Source, first.CommandID)
			return err
		},
		"foreseen": func(o *store.Overlay) error {
			return o.Foresee([]provisioning.SmartcardKey{"serial_number:2", card, "serial_number:0", card})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLease(t, mustOpen(t, t.TempDir(), store.Options{}))
			o := must[*store.Overlay](t)(p.Begin())
			before := line{}
			for i, step := range steps {
				check(t, glance(o))
				look(o, "before "+step.name, before)
				check(t, glance(o))
				check(t, step.change(o))
				look(o, step.name, step.want)
				before = step.want
				if i%2 == 1 { // and the same where the rows are not in the overlay any more, and no line is remembered
					check(t, o.Apply(store.Checkpoint{}))
					mustBegin(t, p).Discard()
					o = mustBegin(t, p)
				}
			}
			o.Discard()
		})
	}
}
