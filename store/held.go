package store

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Held returns the partitions of which there is anything on disk, in order: whoever gets these has little to restore.
func (s *Store) Held() ([]int32, error) {
	iterator, err := s.db.NewIter(new(pebble.IterOptions))
	if err != nil {
		return nil, s.seen(fmt.Errorf("store: list partitions: %w", err))
	}
	var held []int32
	for ok := iterator.First(); ok; {
		partition := int32(binary.BigEndian.Uint32(iterator.Key()))
		held = append(held, partition)
		ok = iterator.SeekGE(appendPrefix(nil, partition+1, 0))
	}
	err = iteratorError(iterator)
	if closed := iterator.Close(); err == nil {
		err = closed
	}
	return held, s.seen(err)
}
