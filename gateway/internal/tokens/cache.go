package tokens

import (
	"crypto/sha256"
	"sync"
	"time"
)

// verified remembers tokens that were found good, so that a caller's second request with the same token costs no
// signature. It holds digests and no tokens, and forgets all of them when the keys have been read again: what a key
// that is gone has signed is good no longer.
type verified struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]caller
	of    any // the keys that they were verified with
}

// caller is who a token is of.
type caller struct {
	source string
	until  time.Time
}

const (
	mostVerified = 4096
	// verifiedFor is how long a token is not looked at again.
	verifiedFor = time.Minute
)

// get returns who a token is of, if it was verified with these keys.
func (v *verified) get(token string, keys any, now time.Time) (source string, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.known[sha256.Sum256([]byte(token))]
	return c.source, ok && v.of == keys && now.Before(c.until)
}

// put remembers a token that expires at a time.
func (v *verified) put(token, source string, keys any, now, expires time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of != keys || len(v.known) >= mostVerified {
		v.known, v.of = make(map[[sha256.Size]byte]caller), keys
	}
	until := now.Add(verifiedFor)
	if expires.Before(until) {
		until = expires
	}
	v.known[sha256.Sum256([]byte(token))] = caller{source, until}
}
