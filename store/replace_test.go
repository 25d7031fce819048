package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"cardstream/store"
)

// filled makes a store with something in it, and returns its folder.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	s := mustOpen(t, dir, store.Options{})
	p := mustLease(t, s)
	h := history{newModel()}
	for range 20 {
		check(t, h.step(p, rand.New(rand.NewPCG(3, 4))))
	}
	check(t, s.Close())
	return dir
}

// files returns the store's files of a kind.
func files(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found := must[[]string](t)(filepath.Glob(filepath.Join(dir, pattern)))
	if len(found) == 0 {
		t.Fatalf("no %s in %s", pattern, dir)
	}
	return found
}

// What is broken in a folder is found when it is opened, or when it is read; in either case the next OpenOrReplace
// begins with an empty store and keeps the old one aside.
func TestBrokenStoreIsMovedAside(t *testing.T) {
	damage := map[string]func(t *testing.T, dir string) error{
		"a table is missing":  func(t *testing.T, dir string) error { return os.Remove(files(t, dir, "*.sst")[0]) },
		"a table is cut off":  func(t *testing.T, dir string) error { return os.Truncate(files(t, dir, "*.sst")[0], 10) },
		"a table has changed": func(t *testing.T, dir string) error { return scramble(files(t, dir, "*.sst")[0]) },
		"the manifest is gone": func(t *testing.T, dir string) error {
			return os.Remove(files(t, dir, "MANIFEST-*")[0])
		},
		"the manifest has changed": func(t *testing.T, dir string) error { return scramble(files(t, dir, "MANIFEST-*")[0]) },
		"a marker is of nothing": func(t *testing.T, dir string) error {
			return os.Rename(files(t, dir, "marker.manifest*")[0], filepath.Join(dir, "marker.manifest.000099.MANIFEST-999999"))
		},
		"another version's rows": func(t *testing.T, dir string) error {
			return os.Rename(files(t, dir, "marker.format*")[0], filepath.Join(dir, "marker.format-version.000099.999"))
		},
	}
	for name, damage := range damage {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			check(t, damage(t, dir))
			s, replaced, err := store.OpenOrReplace(dir, store.Options{Decode: decode})
			check(t, err)
			if replaced == nil { // it opened: reading finds out, and leaves word
				if err := readAll(s); !errors.Is(err, store.ErrCorrupt) {
					t.Fatalf("reading a broken store: %v", err)
				}
				<-s.Failed()
				if err := s.Close(); !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("closing a broken store: %v", err)
				}
				s, replaced, err = store.OpenOrReplace(dir, store.Options{Decode: decode})
				check(t, err)
			}
			if replaced == nil || replaced.MovedTo != dir+".broken-1" || !errors.Is(replaced.Cause, store.ErrCorrupt) {
				t.Fatalf("replaced is %+v", replaced)
			}
			must[fs.FileInfo](t)(os.Stat(replaced.MovedTo))
			if _, ok, err := mustLease(t, s).Checkpoint(); ok || err != nil {
				t.Errorf("the new store has a checkpoint, %v", err)
			}
			check(t, s.Close())
		})
	}
}

// scramble changes bytes all over a file.
func scramble(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for i := range b {
		if i%7 == 3 {
			b[i] ^= 0x5a
		}
	}
	return os.WriteFile(name, b, 0o600)
}

// readAll reads every request.
func readAll(s *store.Store) error {
	p, err := s.Lease(partition)
	if err != nil {
		return err
	}
	o, err := p.Begin()
	if err != nil {
		return err
	}
	defer o.Discard()
	for n := range int64(200) {
		if _, err := o.Get(n); err != nil {
			return err
		}
	}
	_, err = o.Woken(1<<60, 1000)
	return err
}

// A folder that was moved aside before is not in the way.
func TestMovedAsideAgain(t *testing.T) {
	dir := filled(t)
	check(t, os.MkdirAll(dir+".broken-1", 0o700))
	check(t, os.Remove(files(t, dir, "MANIFEST-*")[0]))
	s, replaced, err := store.OpenOrReplace(dir, store.Options{Decode: decode})
	check(t, err)
	if replaced == nil || replaced.MovedTo != dir+".broken-2" {
		t.Errorf("replaced is %+v", replaced)
	}
	check(t, s.Close())
}

// What says nothing about the files leaves them where they are.
func TestNotReplaced(t *testing.T) {
	t.Run("in use", func(t *testing.T) {
		dir := filled(t)
		s := mustOpen(t, dir, store.Options{})
		_, replaced, err := store.OpenOrReplace(dir, store.Options{Decode: decode})
		if !errors.Is(err, store.ErrLocked) || replaced != nil {
			t.Errorf("a folder in use: %+v, %v", replaced, err)
		}
		check(t, s.Close())
	})
	for _, cause := range []error{syscall.ENOSPC, syscall.EACCES, syscall.EMFILE, syscall.EIO} {
		t.Run(fmt.Sprint(cause), func(t *testing.T) {
			disk := vfs.NewMem()
			check(t, must[*store.Store](t)(store.Open("store", small(disk))).Close())
			refuses := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if strings.Contains(op.Path, "MANIFEST") {
					return &fs.PathError{Op: "open", Path: op.Path, Err: cause}
				}
				return nil
			})
			_, replaced, err := store.OpenOrReplace("store", small(errorfs.Wrap(disk, refuses)))
			if !errors.Is(err, cause) || errors.Is(err, store.ErrCorrupt) || replaced != nil {
				t.Errorf("%+v, %v", replaced, err)
			}
			mustOpen(t, "store", small(disk))
		})
	}
}
