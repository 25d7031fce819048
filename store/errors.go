package store

import "errors"

// The errors that a caller acts on.
var (
	// ErrLeaseLost says that a newer lease of the partition was given: this one will never write again.
	ErrLeaseLost = errors.New("store: the partition has a newer lease")

	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("store: closed")

	// ErrEnded says that the overlay was applied or discarded before, or the restore ended.
	ErrEnded = errors.New("store: this overlay or restore has ended")

	// ErrBusy says that the partition's earlier overlay or restore has not ended.
	ErrBusy = errors.New("store: the partition has an overlay or restore in hand")

	// ErrRestoring says that a restore of the partition began and did not finish: its rows are of no use until one does.
	ErrRestoring = errors.New("store: the partition's restore has not finished")

	// ErrLocked says that another process has the folder open.
	ErrLocked = errors.New("store: the folder is in use by another process")

	// ErrFailed says that the disk failed while the store wrote in the background (no room, most often). The store is of
	// no more use: close it, and open it again once the cause is gone. Nothing is lost, for the log is the truth.
	ErrFailed = errors.New("store: the disk has failed")

	// ErrCorrupt says that what is on disk is not what was written there. OpenOrReplace moves such a folder aside.
	ErrCorrupt = errors.New("store: corrupt")
)
