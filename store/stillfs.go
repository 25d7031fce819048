package store

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stillFS keeps the disk as it is once the store has failed: nothing is created, written or removed any more, so that
// what stands there is what the last good edit of the manifest names.
//
// Pebble must not notice that with its manifest. Where an edit of it cannot be written Pebble ends the process, and
// when told not to, goes on with half of the edit in memory and panics sooner or later. So an edit that fails is noted
// as the store's failure, and Pebble believes that it was written. Failed tables it takes well, but begins them again
// at once and for ever: the next one waits, holding no lock, until the store is closed. Before Open has returned
// nothing waits.
type stillFS struct {
	vfs.FS
	failure *failure
}

// ofManifest reports whether a file is a manifest, or says which one counts.
func (s stillFS) ofManifest(name string) bool {
	base := s.FS.PathBase(name)
	return strings.HasPrefix(base, "MANIFEST-") || strings.HasPrefix(base, "marker.")
}

// Create is how every new file of Pebble's begins.
func (s stillFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if s.ofManifest(name) {
		return s.createManifest(name, category)
	}
	if err := s.failure.check(); err != nil {
		if s.failure.opened.Load() {
			<-s.failure.closing
		}
		return nil, err
	}
	f, err := s.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	return stillFile{f, s.failure}, nil
}

// createManifest always succeeds: where it does not, with a file that is nowhere.
func (s stillFS) createManifest(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	err := s.failure.check()
	if err == nil {
		f, err := s.FS.Create(name, category)
		if err == nil {
			return manifestFile{f, s.failure}, nil
		}
		s.failure.fail(err)
	}
	return vfs.NewMem().Create("nowhere", category)
}

// Remove removes a file.
func (s stillFS) Remove(name string) error {
	if err := s.failure.check(); err != nil {
		return err
	}
	return s.FS.Remove(name)
}

// OpenDir opens a folder.
func (s stillFS) OpenDir(name string) (vfs.File, error) {
	f, err := s.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return manifestFile{f, s.failure}, nil
}

// Unwrap returns the file system below.
func (s stillFS) Unwrap() vfs.FS { return s.FS }

// stillFile is a table that is being written.
type stillFile struct {
	vfs.File
	failure *failure
}

// Write writes at the file's end.
func (f stillFile) Write(p []byte) (int, error) {
	if err := f.failure.check(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// manifestFile is a manifest, a marker or the folder itself, whose errors are the store's failure and not Pebble's.
type manifestFile struct {
	vfs.File
	failure *failure
}

// unless lets do write, unless the store has failed, and notes if that fails.
func (f manifestFile) unless(do func() error) {
	if f.failure.check() != nil {
		return
	}
	if err := do(); err != nil {
		f.failure.fail(err)
	}
}

// Write writes at the file's end.
func (f manifestFile) Write(p []byte) (int, error) {
	f.unless(func() error { _, err := f.File.Write(p); return err })
	return len(p), nil
}

// Sync makes what was written last.
func (f manifestFile) Sync() error { f.unless(f.File.Sync); return nil }

// SyncData makes what was written last, but for the file's own data.
func (f manifestFile) SyncData() error { f.unless(f.File.SyncData); return nil }

// SyncTo makes what was written last, up to a length, perhaps later.
func (f manifestFile) SyncTo(length int64) (full bool, _ error) {
	f.unless(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, nil
}

// Preallocate takes room ahead.
func (f manifestFile) Preallocate(offset, length int64) error {
	f.unless(func() error { return f.File.Preallocate(offset, length) })
	return nil
}

// Close closes the file.
func (f manifestFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.failure.fail(err)
	}
	return nil
}
