package store_test

import "sync"

// counter counts a disk's operations, and remembers the first that was made to fail.
type counter struct {
	mu    sync.Mutex
	count int64
	path  string
}

// due counts an operation, and reports whether it is to fail: the at-th, or also all behind it.
func (c *counter) due(at int64, forGood bool, path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if c.count-1 != at && (!forGood || c.count-1 < at) {
		return false
	}
	if c.path == "" {
		c.path = path
	}
	return true
}

// what returns the path of the first operation that failed.
func (c *counter) what() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.path
}
