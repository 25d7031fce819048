package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/store"
)

// mustLease leases the tests' partition.
func mustLease(tb fatal, s *store.Store) *store.Partition {
	tb.Helper()
	return must[*store.Partition](tb)(s.Lease(partition))
}

// mustBegin begins an overlay.
func mustBegin(tb fatal, p *store.Partition) *store.Overlay {
	tb.Helper()
	return must[*store.Overlay](tb)(p.Begin())
}

// Whatever one tries with a lease that is lost fails, and changes nothing.
func TestLeaseLost(t *testing.T) {
	r := request(1, "id:1", 5)
	uses := map[string]func(older *store.Partition, o *store.Overlay) error{
		"Begin":      func(p *store.Partition, _ *store.Overlay) error { _, err := p.Begin(); return err },
		"Restore":    func(p *store.Partition, _ *store.Overlay) error { _, err := p.Restore(natural); return err },
		"Checkpoint": func(p *store.Partition, _ *store.Overlay) error { _, _, err := p.Checkpoint(); return err },
		"Wipe":       func(p *store.Partition, _ *store.Overlay) error { return p.Wipe() },
		"Apply":      func(_ *store.Partition, o *store.Overlay) error { return o.Apply(store.Checkpoint{Position: 9}) },
		"Put": func(_ *store.Partition, o *store.Overlay) error {
			return o.Put(&r, encode(&r), store.ParkedPlace())
		},
		"Get":  func(_ *store.Partition, o *store.Overlay) error { _, err := o.Get(1); return err },
		"Head": func(_ *store.Partition, o *store.Overlay) error { _, _, err := o.Head("id:1"); return err },
		"Discard, then Apply": func(_ *store.Partition, o *store.Overlay) error {
			o.Discard()
			return o.Apply(store.Checkpoint{Position: 9})
		},
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, "store", small(vfs.NewMem()))
			older := mustLease(t, s)
			o := mustBegin(t, older)
			check(t, o.Put(&r, encode(&r), store.ParkedPlace()))
			newer := mustLease(t, s)
			if err := use(older, o); !errors.Is(err, store.ErrLeaseLost) {
				t.Errorf("with a lost lease: %v", err)
			}
			if _, ok, err := newer.Checkpoint(); ok || err != nil {
				t.Errorf("the newer lease has a checkpoint, %v", err)
			}
			if got := newer.Counts(); got.All() != 0 {
				t.Errorf("the newer lease has %+v", got)
			}
		})
	}
}

// An older lease that restores stops, and the newer one sees that a restore has to be finished.
func TestLeaseLostInRestore(t *testing.T) {
	s := mustOpen(t, "store", small(vfs.NewMem()))
	restore := must[*store.Restore](t)(mustLease(t, s).Restore(natural))
	r := request(1, "id:1", 5)
	check(t, restore.Put(&r, encode(&r)))
	check(t, restore.Checkpoint(store.Checkpoint{Position: 4}))
	newer := mustLease(t, s)
	if err := restore.Put(&r, encode(&r)); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("an older lease restores: %v", err)
	}
	if _, err := newer.Begin(); !errors.Is(err, store.ErrRestoring) {
		t.Errorf("an overlay upon half a restore: %v", err)
	}
	if checkpoint, ok, err := newer.Checkpoint(); checkpoint.Position != 4 || !ok || err != nil {
		t.Errorf("checkpoint %v, %v, %v, want position 4", checkpoint, ok, err)
	}
	restore = must[*store.Restore](t)(newer.Restore(natural))
	check(t, restore.Finish(t.Context(), store.Checkpoint{Position: 5}))
	mustBegin(t, newer).Discard()
}

// Leases of other partitions, other rows.
func TestPartitionsDoNotMeet(t *testing.T) {
	s := mustOpen(t, "store", small(vfs.NewMem()))
	p, other := mustLease(t, s), must[*store.Partition](t)(s.Lease(partition+1))
	o, r := mustBegin(t, p), request(1, "id:1", 5)
	check(t, o.Put(&r, encode(&r), store.ArmedAt(5)))
	check(t, o.Apply(store.Checkpoint{Position: 1}))
	check(t, other.Wipe())
	o = mustBegin(t, other)
	if items := must[[]store.Item](t)(o.Woken(100, 10)); len(items) != 0 {
		t.Errorf("another partition's requests: %v", items)
	}
	if _, ok, err := o.Head("id:1"); ok || err != nil {
		t.Errorf("another partition's line, %v", err)
	}
	o.Discard()
	if p.Counts().All() != 1 {
		t.Errorf("the partition lost its request when another was wiped")
	}
}

// Leases change hands while steps are applied, and a scrape looks on: every applied step is the newest lease's.
func TestLeasesUnderLoad(t *testing.T) {
	s := mustOpen(t, "store", small(vfs.NewMem()))
	p := mustLease(t, s)
	var tasks sync.WaitGroup
	for range 4 {
		tasks.Go(func() {
			for n := range int64(200) {
				if n%40 == 0 {
					p := mustLease(t, s)
					tasks.Go(func() { stepUntilLost(t, p) })
				}
				_ = p.Counts()
				_ = s.Metrics()
			}
		})
	}
	tasks.Go(func() { stepUntilLost(t, p) })
	tasks.Wait()
}

// stepUntilLost takes steps, each of which adds one request to what there is, until it is told to stop.
func stepUntilLost(t *testing.T, p *store.Partition) {
	for range 30 {
		o, err := p.Begin()
		if errors.Is(err, store.ErrLeaseLost) {
			return
		}
		check(t, err)
		before := o.Counts().All()
		r := request(before, "id:1", 5)
		err = o.Put(&r, encode(&r), store.ParkedPlace())
		if err == nil {
			err = o.Apply(store.Checkpoint{Position: before + 1})
		}
		if errors.Is(err, store.ErrLeaseLost) {
			return
		}
		check(t, err)
	}
}

// Who still has something in hand when the store is closed is told so.
func TestClosed(t *testing.T) {
	s := mustOpen(t, "store", small(vfs.NewMem()))
	p := mustLease(t, s)
	o := mustBegin(t, p)
	must[[]store.Item](t)(o.Woken(1, 1))
	check(t, s.Close())
	check(t, s.Close())
	if _, err := o.Get(1); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get: %v", err)
	}
	o.Discard()
	if _, err := p.Begin(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Begin: %v", err)
	}
	if _, err := s.Lease(partition); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Lease: %v", err)
	}
	if s.Metrics() != (store.Metrics{}) {
		t.Error("metrics of a closed store")
	}
}

// What an earlier version of the program has left is wiped: the changelog has it all.
func TestRowsOfAnEarlierLayoutAreWiped(t *testing.T) {
	s := mustOpen(t, "store", small(vfs.NewMem()))
	r := request(1, "id:1", 5)
	o := mustBegin(t, mustLease(t, s))
	check(t, o.Put(&r, encode(&r), store.ParkedPlace()))
	check(t, o.Apply(store.Checkpoint{Position: 9}))
	check(t, store.MakeEarlier(s, partition))

	p := mustLease(t, s)
	if _, found, err := p.Checkpoint(); found || err != nil {
		t.Errorf("there is a checkpoint, %v", err)
	}
	if got := p.Counts(); got.All() != 0 {
		t.Errorf("it still has %+v", got)
	}
	if item := must[*store.Item](t)(mustBegin(t, p).Get(1)); item != nil {
		t.Errorf("request %d is still there", item.Number)
	}
}
