package store

import (
	"errors"
	"log/slog"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/provisioning"
)

// Options are the settings of a store. Only Decode has no default.
type Options struct {
	// Decode decodes a value as it was put. It must not keep the bytes.
	Decode func([]byte) (provisioning.Request, error)

	CacheBytes    int64         // of blocks read from disk; 32 MiB
	MemtableBytes int64         // of one memtable, of which there are up to four; 4 MiB
	MaxOpenFiles  int           // 500
	FlushInterval time.Duration // how old what is only in memory can get; 30 s
	Logger        *slog.Logger  // what went wrong in the background; nil: nowhere
	FS            vfs.FS        // nil: the operating system's
}

// memtables is how many memtables may be full before a writer waits for one to be written out. With fewer than that
// Pebble may not have begun to.
const memtables = 3

// withDefaults fills in what was left out.
func (o Options) withDefaults() (Options, error) {
	if o.Decode == nil {
		return o, errors.New("store: Options.Decode is missing")
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 32 << 20
	}
	if o.MemtableBytes <= 0 {
		o.MemtableBytes = 4 << 20
	}
	if o.MaxOpenFiles <= 0 {
		o.MaxOpenFiles = 500
	}
	if o.FlushInterval <= 0 {
		o.FlushInterval = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	return o, nil
}

// pebble are Pebble's options, each with its reason where it is not Pebble's default.
func (o Options) pebble(f *failure) *pebble.Options {
	options := &pebble.Options{
		FS:                 stillFS{o.FS, f},
		Logger:             f,
		EventListener:      f.events(),
		Comparer:           comparer,
		FormatMajorVersion: pebble.FormatTableFormatV6,
		MaxOpenFiles:       o.MaxOpenFiles,

		// The changelog is the write-ahead log: what a crash takes from memory is replayed from there, from the position
		// that was written out with the rows. Kafka Streams does the same with RocksDB. And Pebble ends the process
		// where its own log cannot be written.
		DisableWAL: true,

		MemTableSize: uint64(o.MemtableBytes),
		// Never reached: room waits earlier, and unlike Pebble's own wait it ends with the store.
		MemTableStopWritesThreshold: 4 * memtables,
		L0StopWritesThreshold:       1000,

		L0CompactionThreshold:      4,
		LBaseMaxBytes:              64 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
	}
	options.TargetFileSizes[0] = 4 << 20
	// Pebble's own default, but without its goroutine that looks ten times a second whether another compaction may run
	// (after each flush and compaction it looks anyway), and which a failed Open would leave behind.
	options.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = everyRow
	}
	options.Levels[len(options.Levels)-1].FilterPolicy = cardRows{everyRow}
	return options
}
