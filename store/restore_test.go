package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
	"cardstream/store"
)

// fewLooks is a context that ends after it was looked at so often.
type fewLooks struct {
	context.Context
	left int
}

func (c *fewLooks) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// mustRestore begins a restore.
func mustRestore(tb fatal, p *store.Partition) *store.Restore {
	tb.Helper()
	return must[*store.Restore](tb)(p.Restore(natural))
}

// replayed replays records.
func replayed(tb fatal, r *store.Restore, requests ...provisioning.Request) {
	tb.Helper()
	for i := range requests {
		check(tb, r.Put(&requests[i], encode(&requests[i])))
	}
}

// standsAt checks where requests stand, by number.
func standsAt(t *testing.T, p *store.Partition, want map[int64]store.Place) {
	t.Helper()
	o := mustBegin(t, p)
	defer o.Discard()
	for n, place := range want {
		if item := must[*store.Item](t)(o.Get(n)); item == nil || item.Place != place {
			t.Errorf("request %d is %+v, want %v", n, item, place)
		}
	}
}

// The end of a line's head is all that is replayed: the next one steps up.
func TestTailEndsAHead(t *testing.T) {
	for name, end := range map[string]func(*store.Restore, provisioning.Request) error{
		"by its record": func(r *store.Restore, head provisioning.Request) error {
			completed(&head)
			return r.Put(&head, encode(&head))
		},
		"by a tombstone": func(r *store.Restore, head provisioning.Request) error { return r.Delete(head.Number.Offset) },
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))
			head, next := request(1, "id:1", 5), request(2, "id:1", 6)
			o := mustBegin(t, p)
			check(t, o.Put(&head, encode(&head), store.ArmedAt(5)))
			check(t, o.Put(&next, encode(&next), store.ParkedPlace()))
			check(t, o.Apply(store.Checkpoint{Position: 2}))
			r := mustRestore(t, p)
			check(t, end(r, head))
			check(t, r.Finish(t.Context(), store.Checkpoint{Position: 3}))
			standsAt(t, p, map[int64]store.Place{2: store.ArmedAt(6)})
		})
	}
}

// A Finish that is cut off has parked who follows. When the restore goes on, and the head goes, that one steps up.
func TestFinishCutOff(t *testing.T) {
	for looks := range 3 {
		p := mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))
		r := mustRestore(t, p)
		next, head := request(1, "id:1", 6), request(2, "id:1", 5)
		replayed(t, r, next, head)
		err := r.Finish(&fewLooks{t.Context(), looks}, store.Checkpoint{Position: 2})
		if finished := looks == 2; finished != (err == nil) || !finished && !errors.Is(err, context.Canceled) {
			t.Fatalf("Finish after %d looks: %v", looks, err)
		}
		if err == nil {
			standsAt(t, p, map[int64]store.Place{1: store.ParkedPlace(), 2: store.ArmedAt(5)})
		}
		r.Abandon()
		r = mustRestore(t, p)
		replayed(t, r, with(head, completed))
		check(t, r.Finish(t.Context(), store.Checkpoint{Position: 3}))
		standsAt(t, p, map[int64]store.Place{1: store.ArmedAt(6), 2: store.ArmedAt(1005)})
	}
}

// Whatever order the requests of a line come in, and however often: who is first is armed, the others are parked.
func TestRestoredLine(t *testing.T) {
	p := mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))
	r := mustRestore(t, p)
	first, second, third := request(1, "id:1", 5), request(2, "id:1", 6), request(3, "id:1", 7)
	replayed(t, r, third, second, first, with(first, sent))
	check(t, r.Checkpoint(store.Checkpoint{Position: 4}))
	replayed(t, r, with(first, completed), third, with(third, sent))
	check(t, r.Finish(t.Context(), store.Checkpoint{Position: 7}))
	standsAt(t, p, map[int64]store.Place{
		1: store.ArmedAt(1005), 2: store.ParkedPlace(), 3: store.ArmedAt(14),
	})
	want := store.Counts{Pending: 1, Sent: 1, Completed: 1, Parked: 1, Armed: 2, MaxUpdatedAt: 3}
	if got := p.Counts(); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
}

// While a restore is in hand there is no overlay and no other restore, and afterwards it is of no use.
func TestRestoreIsAlone(t *testing.T) {
	p := mustLease(t, mustOpen(t, "store", small(vfs.NewMem())))
	r := mustRestore(t, p)
	if _, err := p.Begin(); !errors.Is(err, store.ErrBusy) {
		t.Errorf("an overlay beside a restore: %v", err)
	}
	if _, err := p.Restore(natural); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a restore beside a restore: %v", err)
	}
	check(t, r.Finish(t.Context(), store.Checkpoint{}))
	if err := r.Delete(1); !errors.Is(err, store.ErrEnded) {
		t.Errorf("a finished restore goes on: %v", err)
	}
	o := mustBegin(t, p)
	if _, err := p.Restore(natural); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a restore beside an overlay: %v", err)
	}
	o.Discard()
}
