package store

import "github.com/cockroachdb/pebble/v2/vfs"

// stillFS keeps the disk as it is once the store has failed. Pebble goes on after some failures as if the process had
// ended: it would write the next edit of a manifest behind one that failed, and remove files that one names. And it
// repeats a failed flush at once and for ever: here its next attempt waits, holding no lock, until the store is closed,
// and then ends with an error. Before Open has returned nothing waits.
type stillFS struct {
	vfs.FS
	failure *failure
}

// wait returns the failure, if there is one, when it is time to say so.
func (s stillFS) wait() error {
	if s.failure.check() == nil {
		return nil
	}
	if s.failure.opened.Load() {
		<-s.failure.closing
	}
	return s.failure.err
}

// Create is how every new file of Pebble's begins.
func (s stillFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	f, err := s.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	return stillFile{f, s.failure}, nil
}

// ReuseForWrite is the other way in which one can begin.
func (s stillFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	f, err := s.FS.ReuseForWrite(from, to, category)
	if err != nil {
		return nil, err
	}
	return stillFile{f, s.failure}, nil
}

// Remove removes a file.
func (s stillFS) Remove(name string) error {
	if err := s.failure.check(); err != nil {
		return err
	}
	return s.FS.Remove(name)
}

// OpenDir opens a folder whose failed Sync is noted here: Pebble would panic.
func (s stillFS) OpenDir(name string) (vfs.File, error) {
	f, err := s.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return stillFolder{f, s.failure}, nil
}

// Unwrap returns the file system below.
func (s stillFS) Unwrap() vfs.FS { return s.FS }

// stillFile is a file that is being written.
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

// stillFolder is an open folder.
type stillFolder struct {
	vfs.File
	failure *failure
}

// Sync syncs the folder. Where that fails the store has failed, which is all that there is to say.
func (f stillFolder) Sync() error {
	if err := f.File.Sync(); err != nil {
		f.failure.fail(err)
	}
	return nil
}
