package rig

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
)

// stores are the local stores, each on a disk of its own where this machine lets us make one.
type stores struct {
	folder  string // each slot has a folder beneath it
	alien   string // another cluster's store; none yet where empty
	bounded bool
	mounted []string
}

// newStores makes the folders, and small disks for them where that can be.
func newStores(folder string, slots int) (*stores, error) {
	s := &stores{folder: folder, bounded: true}
	for slot := range slots {
		disk := s.disk(slot)
		if err := os.MkdirAll(disk, 0o755); err != nil {
			return nil, errors.Join(err, s.close())
		}
		_ = unmountDisk(disk) // of a run that was killed
		if err := mountDisk(disk); err != nil {
			s.bounded = false
			continue
		}
		s.mounted = append(s.mounted, disk)
	}
	return s, nil
}

func (s *stores) close() error {
	var errs []error
	for _, disk := range s.mounted {
		errs = append(errs, unmountDisk(disk))
	}
	s.mounted = nil
	return errors.Join(errs...)
}

func (s *stores) disk(slot int) string    { return filepath.Join(s.folder, fmt.Sprintf("disk-%d", slot)) }
func (s *stores) of(slot int) string      { return filepath.Join(s.disk(slot), "store") }
func (s *stores) kept(slot int) string    { return filepath.Join(s.folder, fmt.Sprintf("kept-%d", slot)) }
func (s *stores) ballast(slot int) string { return filepath.Join(s.disk(slot), "ballast") }

// Bounded reports whether a disk can be filled.
func (s *stores) Bounded() bool { return s.bounded }

// Fill writes zeros until there is no room for one byte more.
func (s *stores) Fill(slot int) error {
	file, err := os.Create(s.ballast(slot))
	if err != nil {
		return err
	}
	for size := 1 << 20; size > 0; {
		switch _, err := file.Write(make([]byte, size)); {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}

// Clear gives the room back.
func (s *stores) Clear(slot int) error { return os.RemoveAll(s.ballast(slot)) }

// Remove deletes a store, and what its process has moved aside.
func (s *stores) Remove(slot int) error {
	aside, err := filepath.Glob(s.of(slot) + ".broken-*")
	for _, folder := range append(aside, s.of(slot)) {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// replace puts a copy of a folder in a store's place.
func (s *stores) replace(slot int, from string) error {
	return errors.Join(s.Remove(slot), copied(s.of(slot), from))
}

// copied copies a folder, if there is one: a process may not have come as far as to make its store.
func copied(to, from string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.CopyFS(to, os.DirFS(from))
}

// Swap lets two stores change places.
func (s *stores) Swap(a, b int) error {
	aside := s.kept(a) + "-swapped"
	return errors.Join(copied(aside, s.of(a)), s.replace(a, s.of(b)), s.replace(b, aside), os.RemoveAll(aside))
}

// Keep makes a copy of a store.
func (s *stores) Keep(slot int) error {
	return errors.Join(os.RemoveAll(s.kept(slot)), copied(s.kept(slot), s.of(slot)))
}

// Old puts the copy that was kept in a store's place, and keeps what stood there instead.
func (s *stores) Old(slot int) (bool, error) {
	if _, err := os.Stat(s.kept(slot)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	now := s.kept(slot) + "-now"
	return true, errors.Join(copied(now, s.of(slot)), s.replace(slot, s.kept(slot)), os.RemoveAll(s.kept(slot)),
		copied(s.kept(slot), now), os.RemoveAll(now))
}

// Alien puts another cluster's store in a store's place.
func (s *stores) Alien(slot int) error { return s.replace(slot, s.alien) }

// Garble changes some bytes of a file, or cuts it short, and says which and how.
func (s *stores) Garble(slot int, seed uint64) (string, error) {
	draw := rand.New(rand.NewPCG(seed, 6))
	var files []string
	err := filepath.WalkDir(s.of(slot), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && entry.Name() != "LOCK" {
			if info, err := entry.Info(); err == nil && info.Size() > 0 {
				files = append(files, path)
			}
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // its disk has just been cleared, and nobody has written there since
	}
	if err != nil || len(files) == 0 {
		return "no file to garble", err
	}
	path := files[draw.IntN(len(files))]
	content, err := os.ReadFile(path)
	if err != nil {
		return path, err
	}
	at := draw.IntN(len(content))
	if draw.IntN(3) == 0 {
		return fmt.Sprintf("%s is cut short at %d of %d bytes", filepath.Base(path), at, len(content)),
			os.Truncate(path, int64(at))
	}
	for i := at; i < min(at+1+draw.IntN(64), len(content)); i++ {
		content[i] ^= byte(1 + draw.IntN(255))
	}
	return fmt.Sprintf("%s from byte %d of %d", filepath.Base(path), at, len(content)), os.WriteFile(path, content, 0o644)
}
