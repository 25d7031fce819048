package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"cardstream/provisioning"
	"cardstream/store"
)

// small are options with which a few steps already fill memory.
func small(fs vfs.FS) store.Options {
	return store.Options{Decode: decode, FS: fs, MemtableBytes: 64 << 10, CacheBytes: 1 << 20}
}

// history is what a partition looked like at each position of its changelog.
type history []*model

// step takes one random step from the last state of the history.
func (h *history) step(p *store.Partition, random *rand.Rand) error {
	now := (*h)[len(*h)-1].clone()
	o, err := p.Begin()
	if err != nil {
		return err
	}
	defer o.Discard()
	for range 20 {
		n := random.Int64N(200)
		r := request(n, provisioning.SmartcardKey(fmt.Sprint("id:", n%17)), provisioning.Timestamp(random.Int64N(50)))
		r.State = provisioning.States[random.IntN(len(provisioning.States))]
		place, forget := natural(&r, random.IntN(2) == 0), random.IntN(10) == 0
		for _, v := range []overlay{o, now} {
			if forget {
				err = v.Delete(n)
			} else {
				err = v.Put(&r, encode(&r), place)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := o.Apply(store.Checkpoint{Position: int64(len(*h))}); err != nil {
		return err
	}
	*h = append(*h, now)
	return nil
}

// holds says how a partition differs from what its checkpoint promises, nil if it does not.
func (h history) holds(p *store.Partition) error {
	checkpoint, ok, err := p.Checkpoint()
	if err != nil {
		return err
	}
	if !ok {
		checkpoint.Position = 0
	}
	if checkpoint.Position >= int64(len(h)) {
		return fmt.Errorf("position %d was never applied", checkpoint.Position)
	}
	want := h[checkpoint.Position]
	o, err := p.Begin()
	if err != nil {
		return err
	}
	defer o.Discard()
	if o.Counts() != want.Counts() {
		return fmt.Errorf("at %d: counts %+v, want %+v", checkpoint.Position, o.Counts(), want.Counts())
	}
	for n := range int64(200) {
		got, err := o.Get(n)
		if err != nil {
			return err
		}
		expected, there := want.items[n]
		if (got != nil) != there || there && (got.Place != expected.Place || !bytes.Equal(got.Value, expected.Value)) {
			return fmt.Errorf("at %d: request %d is %v, want %v", checkpoint.Position, n, got, expected)
		}
	}
	for n := range 17 {
		card := provisioning.SmartcardKey(fmt.Sprint("id:", n))
		got, err := o.Line(card, nil, 1000)
		expected, _ := want.Line(card, nil, 1000)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(expected) {
			return fmt.Errorf("at %d: line %v, %v, want %v", checkpoint.Position, got, err, expected)
		}
	}
	return nil
}

// After a crash of the machine at any moment the rows are those of the checkpoint that is found with them.
func TestCrash(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(1, seed))
		disk := vfs.NewCrashableMem()
		s := mustOpen(t, "store", small(disk))
		p := must[*store.Partition](t)(s.Lease(partition))
		h := history{newModel()}
		newest := int64(0)
		for i := range 120 {
			check(t, h.step(p, random))
			if i%6 != 0 {
				continue
			}
			crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed%3) * 50, RNG: random})
			after := mustOpen(t, "store", small(crashed))
			q := must[*store.Partition](t)(after.Lease(partition))
			check(t, h.holds(q))
			checkpoint, _, _ := q.Checkpoint()
			if checkpoint.Position < newest {
				t.Errorf("position %d after a crash, %d after an earlier one", checkpoint.Position, newest)
			}
			newest = checkpoint.Position
			check(t, after.Close())
		}
		if newest == 0 {
			t.Errorf("seed %d: nothing was ever written out", seed)
		}
		check(t, s.Close())
	}
}

// What Close has written out survives a crash right behind it.
func TestCloseWritesOut(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := mustOpen(t, "store", small(disk))
	h := history{newModel()}
	check(t, h.step(must[*store.Partition](t)(s.Lease(partition)), rand.New(rand.NewPCG(1, 2))))
	check(t, s.Close())
	s = mustOpen(t, "store", small(disk.CrashClone(vfs.CrashCloneCfg{})))
	p := must[*store.Partition](t)(s.Lease(partition))
	if checkpoint, ok, err := p.Checkpoint(); checkpoint.Position != 1 || !ok || err != nil {
		t.Errorf("checkpoint %v, %v, %v", checkpoint, ok, err)
	}
	check(t, h.holds(p))
}

// run opens a store on a disk, takes steps, and closes it; it returns the first error.
func (h *history) run(fs vfs.FS, random *rand.Rand) (err error) {
	s, err := store.Open("store", small(fs))
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	p, err := s.Lease(partition)
	if err != nil {
		return err
	}
	if err := h.holds(p); err != nil {
		return err
	}
	for range 25 {
		if err := h.step(p, random); err != nil {
			return err
		}
	}
	return nil
}

// The disk fails at each of its operations in turn: once, or for good from there on. The store says so, stops, and can
// be opened again with the rows of its checkpoint once the disk is well.
func TestEveryDiskOperationFails(t *testing.T) {
	for _, forGood := range []bool{false, true} {
		t.Run(fmt.Sprintf("for good %v", forGood), func(t *testing.T) {
			t.Parallel()
			for at := int64(0); ; at++ {
				if !failAt(t, at, forGood) {
					t.Logf("%d operations", at)
					return
				}
			}
		})
	}
}

// failAt runs a store on a disk that is full at its at-th write, and reports whether it came to that.
func failAt(t *testing.T, at int64, forGood bool) bool {
	disk, random := vfs.NewMem(), rand.New(rand.NewPCG(7, uint64(at)))
	full := &fullDisk{at: at, forGood: forGood}
	h := history{newModel()}
	err := h.run(errorfs.Wrap(disk, full), random)
	if full.what() == "" {
		check(t, err)
		return false
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, store.ErrFailed) {
		t.Errorf("operation %d (%q): %v, want that the disk is full", at, full.what(), err)
	}
	s, replaced, err := store.OpenOrReplace("store", small(disk))
	if err != nil {
		t.Fatalf("operation %d (%q): %v", at, full.what(), err)
	}
	if replaced != nil {
		t.Errorf("operation %d (%q): replaced: %v", at, full.what(), replaced.Cause)
	}
	if err := h.holds(must[*store.Partition](t)(s.Lease(partition))); err != nil {
		t.Errorf("operation %d (%q): %v", at, full.what(), err)
	}
	check(t, s.Close())
	return true
}

// fullDisk lets writes fail for want of room.
type fullDisk struct {
	at      int64
	forGood bool
	counter
}

func (d *fullDisk) String() string { return "full disk" }

func (d *fullDisk) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFileSync, errorfs.OpFileSyncData,
		errorfs.OpFilePreallocate, errorfs.OpRename, errorfs.OpMkdirAll, errorfs.OpLink:
	default:
		return nil
	}
	if strings.HasSuffix(op.Path, "LOCK") || !d.due(d.at, d.forGood, op.Path) {
		return nil
	}
	return fmt.Errorf("%v %s: %w", op.Kind, op.Path, syscall.ENOSPC)
}
