package store

import "github.com/cockroachdb/pebble/v2/vfs"

// stillFS keeps a failed store still. Pebble repeats a failed flush at once and for ever; here its next attempt waits,
// holding no lock, until the store is closed, and then ends with an error.
type stillFS struct {
	vfs.FS
	failure *failure
}

func (s stillFS) wait() error {
	if s.failure.check() == nil {
		return nil
	}
	<-s.failure.closing
	return s.failure.err
}

// Create is how every new file of Pebble's begins.
func (s stillFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	return s.FS.Create(name, category)
}

// ReuseForWrite is the other way in which one can begin.
func (s stillFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	return s.FS.ReuseForWrite(from, to, category)
}

// Unwrap returns the file system below.
func (s stillFS) Unwrap() vfs.FS { return s.FS }
