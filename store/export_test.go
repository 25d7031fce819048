package store

import (
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
)

// PebbleOptions are Pebble's options below these.
func PebbleOptions(o Options) *pebble.Options {
	o, err := o.withDefaults()
	if err != nil {
		panic(err)
	}
	options := o.pebble(newFailure(slog.Default()))
	options.CacheSize = o.CacheBytes
	return options
}

// MakeEarlier makes a partition's rows look like those of an earlier layout.
func MakeEarlier(s *Store, partition int32) error {
	return s.db.Set(metaKey(nil, partition), []byte{metaVersion - 1, 0, 0}, pebble.NoSync)
}
