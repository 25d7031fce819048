package store

// Metrics are what one wants to see of the database below.
type Metrics struct {
	DiskBytes           uint64 // of all files
	MemtableBytes       uint64 // of memtables: what is only in memory, and what somebody still reads there
	CacheBytes          int64  // of blocks in the cache
	CompactionDebtBytes uint64 // still to be compacted: what grows here makes reading slower
	ReadAmplification   int    // how many places a look-up may have to look in
	CacheHits           int64  // since the store was opened
	CacheMisses         int64
}

// Metrics returns the figures of now; of a closed store, none. It costs some ten microseconds.
func (s *Store) Metrics() Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Metrics{}
	}
	m := s.db.Metrics()
	return Metrics{
		DiskBytes: m.DiskSpaceUsage(),
		// Pebble counts the second as what is reserved but for the first, and below zero at times: the sum is right.
		MemtableBytes:       m.MemTable.Size + m.MemTable.ZombieSize,
		CacheBytes:          m.BlockCache.Size,
		CompactionDebtBytes: m.Compact.EstimatedDebt, ReadAmplification: m.ReadAmp(),
		CacheHits: m.BlockCache.Hits, CacheMisses: m.BlockCache.Misses,
	}
}
