package rig_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"cardstream/torture/rig"
)

const slots = 2

// mustStores makes stores with a file each, whose content names its slot.
func mustStores(t *testing.T) *rig.Stores {
	t.Helper()
	folder := t.TempDir()
	s, err := rig.NewStores(folder, slots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(folder, "disk-*", "*")); s.Bounded() && (err != nil || len(left) > 0) {
			t.Errorf("still mounted: %v, %v", left, err)
		}
	})
	for slot := range slots {
		mustWrite(t, filepath.Join(s.Of(slot), "file"), string(rune('a'+slot)))
	}
	return s
}

func mustWrite(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// content of a store's file; none where there is no store.
func content(s *rig.Stores, slot int) string {
	text, err := os.ReadFile(filepath.Join(s.Of(slot), "file"))
	if err != nil {
		return ""
	}
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskTakesNothingMore(t *testing.T) {
	s := mustStores(t)
	if !s.Bounded() {
		t.Log("no small disks here: not root, or not Linux")
		return
	}
	must(t, s.Fill(0))
	err := os.WriteFile(filepath.Join(s.Of(0), "more"), []byte("x"), 0o644)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want no room", err)
	}
	mustWrite(t, filepath.Join(s.Of(1), "more"), "another's disk has room")
	must(t, s.Clear(0))
	mustWrite(t, filepath.Join(s.Of(0), "more"), "room again")
	must(t, s.Clear(0)) // nothing, where it is clear
}

func TestStoresChangePlaces(t *testing.T) {
	s := mustStores(t)
	must(t, s.Swap(0, 1))
	if a, b := content(s, 0), content(s, 1); a != "b" || b != "a" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestAnOldCopyReturns(t *testing.T) {
	s := mustStores(t)
	if was, err := s.Old(0); was || err != nil {
		t.Errorf("%v, %v before any copy was made", was, err)
	}
	must(t, s.Keep(0))
	for _, step := range []struct{ now, old string }{{"newer", "a"}, {"newest", "newer"}} {
		mustWrite(t, filepath.Join(s.Of(0), "file"), step.now)
		if was, err := s.Old(0); !was || err != nil || content(s, 0) != step.old {
			t.Errorf("%v, %v: %q, want %q", was, err, content(s, 0), step.old)
		}
	}
}

func TestAnothersStoreAndNone(t *testing.T) {
	s := mustStores(t)
	alien := t.TempDir()
	mustWrite(t, filepath.Join(alien, "file"), "alien")
	s.SetAlien(alien)
	mustWrite(t, filepath.Join(s.Of(0)+".broken-1", "file"), "moved aside")
	must(t, s.Alien(0))
	if got := content(s, 0); got != "alien" {
		t.Errorf("%q", got)
	}
	must(t, s.Remove(0))
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Of(0)), "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A process that was killed early has made none.
func TestAStoreThatIsNotThereIsNoObstacle(t *testing.T) {
	s := mustStores(t)
	must(t, s.Remove(0))
	must(t, s.Keep(0))
	must(t, s.Swap(0, 1))
	if a, b := content(s, 0), content(s, 1); a != "b" || b != "" {
		t.Errorf("%q and %q", a, b)
	}
	must(t, s.Keep(0))
	must(t, s.Remove(0))
	if was, err := s.Old(0); !was || err != nil || content(s, 0) != "b" {
		t.Errorf("%v, %v: %q", was, err, content(s, 0))
	}
}

func TestGarbleChangesAFile(t *testing.T) {
	for seed := range uint64(20) {
		s := mustStores(t)
		before := "some bytes that matter"
		mustWrite(t, filepath.Join(s.Of(0), "file"), before)
		mustWrite(t, filepath.Join(s.Of(0), "LOCK"), "")
		said, err := s.Garble(0, seed)
		if err != nil || content(s, 0) == before {
			t.Errorf("seed %d: %s, %v: nothing has changed", seed, said, err)
		}
	}
	s := mustStores(t)
	must(t, s.Remove(0))
	must(t, os.MkdirAll(s.Of(0), 0o755))
	if said, err := s.Garble(0, 1); err != nil || said == "" {
		t.Errorf("an empty store: %q, %v", said, err)
	}
}
