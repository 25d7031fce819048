package store_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
	"cardstream/store"
)

// A line is drained from its head: each is sent, ends, and the next one steps up, also where new ones come in between,
// before and behind.
func TestLineIsDrainedInOrder(t *testing.T) {
	for name, o := range map[string]overlay{
		"store": mustBegin(t, mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))),
		"model": newModel(),
	} {
		t.Run(name, func(t *testing.T) {
			const card = provisioning.SmartcardKey("id:1")
			put := func(r provisioning.Request) { check(t, o.Put(&r, encode(&r), store.ParkedPlace())) }
			for n := range int64(50) {
				put(request(n, card, 100+provisioning.Timestamp(n*37%50)))
			}
			for n := range int64(50) {
				head, ok, err := o.Head(card)
				if !ok || err != nil || head.Sent {
					t.Fatalf("head is %v, %v, %v", head, ok, err)
				}
				if want := 100 + provisioning.Timestamp(n); head.DueAt != want {
					t.Fatalf("the %dth head is due at %d, want %d", n, head.DueAt, want)
				}
				r := must[*store.Item](t)(o.Get(head.Number)).Request
				put(with(r, sent))
				put(with(request(1000+n, card, 0), immediate)) // would be first, but for the one that is sent
				if busy, _, _ := o.Head(card); busy.Number != head.Number || !busy.Sent {
					t.Fatalf("head is %v while %d is sent", busy, head.Number)
				}
				if urgent, err := o.Urgent(card); !urgent || err != nil {
					t.Fatalf("urgent is %v, %v", urgent, err)
				}
				put(with(r, completed))
				check(t, o.Delete(1000+n))
				if urgent, err := o.Urgent(card); urgent || err != nil {
					t.Fatalf("urgent is %v, %v, when nobody is", urgent, err)
				}
			}
			if head, ok, err := o.Head(card); ok || err != nil {
				t.Errorf("an empty line has the head %v, %v", head, err)
			}
		})
	}
}

// An immediate one that is put back to wait is found, though later ones were looked at since.
func TestUrgentAgain(t *testing.T) {
	for name, o := range map[string]overlay{
		"store": mustBegin(t, mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))),
		"model": newModel(),
	} {
		t.Run(name, func(t *testing.T) {
			put := func(r provisioning.Request) { check(t, o.Put(&r, encode(&r), store.ParkedPlace())) }
			early := with(request(1, "id:1", 0), immediate)
			put(with(early, completed))
			put(request(2, "id:1", 0))
			put(with(request(3, "id:1", 9), immediate))
			must[bool](t)(o.Urgent("id:1"))
			_, _, err := o.Head("id:1")
			check(t, err)
			must[bool](t)(o.Urgent("id:1")) // from here on nobody below 3 is looked for
			put(early)
			check(t, o.Delete(3))
			if urgent, err := o.Urgent("id:1"); !urgent || err != nil {
				t.Errorf("urgent is %v, %v", urgent, err)
			}
		})
	}
}
