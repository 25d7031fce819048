package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Replaced says that a store was corrupt and has been moved aside: its partitions are restored from their changelogs.
type Replaced struct {
	MovedTo string // the folder in which it is now
	Cause   error
}

// OpenOrReplace is Open, but a store that is corrupt is moved aside, to <dir>.broken-<n>, and an empty one takes its
// place. Not nil, Replaced says that this happened.
func OpenOrReplace(dir string, options Options) (*Store, *Replaced, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	lock, err := lockFolder(dir, options.FS)
	if err != nil {
		return nil, nil, err
	}
	s, err := openLocked(dir, options, lock)
	if err == nil {
		return s, nil, nil
	}
	if !errors.Is(err, ErrCorrupt) {
		return nil, nil, errors.Join(err, lock.Close())
	}
	moved, err := moveAside(dir, options.FS, err)
	if err := errors.Join(err, lock.Close()); err != nil { // the lock went along with the folder
		return nil, nil, err
	}
	s, err = Open(dir, options)
	return s, moved, err
}

// moveAside renames dir to the first <dir>.broken-<n> that does not exist.
func moveAside(dir string, files vfs.FS, cause error) (*Replaced, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.broken-%d", dir, n)
		if _, err := files.Stat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("store: move %s aside: %w", dir, err)
		}
		if err := files.Rename(dir, to); err != nil {
			return nil, fmt.Errorf("store: move %s aside: %w", dir, err)
		}
		return &Replaced{MovedTo: to, Cause: cause}, nil
	}
}

// classifyOpen says whether what kept a store from opening is in its files. What the operating system refused (no room,
// no permission, too many open files) says nothing about them; that a file is missing does.
func classifyOpen(dir string, err error) error {
	var number syscall.Errno
	if errors.As(err, &number) && number != syscall.ENOENT {
		return fmt.Errorf("store: open %s: %w", dir, err)
	}
	return fmt.Errorf("%w: open %s: %w", ErrCorrupt, dir, err)
}
