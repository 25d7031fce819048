//go:build torture

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// clock is this process's clock, as wrong as the file named by CARDSTREAM_TORTURE_CLOCK says: so many whole seconds ahead
// of the machine's. Only scripts/torture builds this in: Go asks the kernel for the time without libc, so what makes
// other programs' clocks wrong does nothing to it.
//
// A clock that is set jumps, and what was measured across the jump does not: only the wall clock is moved here, and the
// monotonic reading stays.
func clock() time.Time {
	now := time.Now()
	shift(&now, wrongBy(now))
	return now
}

// shift moves the wall clock of a time that has a monotonic reading. Package time keeps its seconds from bit 30 on then.
func shift(t *time.Time, seconds int64) {
	const secondsFrom = 30
	*(*uint64)(unsafe.Pointer(t)) += uint64(seconds) << secondsFrom
}

// wrong is what the file said when it was last read, and when that was, in nanoseconds since the Unix epoch.
var wrong struct{ seconds, readAt atomic.Int64 }

// wrongBy reads the file at most every 10 ms, as the clock is asked more often.
func wrongBy(now time.Time) int64 {
	if at := now.UnixNano(); at-wrong.readAt.Load() > int64(10*time.Millisecond) {
		wrong.readAt.Store(at)
		text, _ := os.ReadFile(os.Getenv("CARDSTREAM_TORTURE_CLOCK")) // none: the clock is right
		seconds, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		wrong.seconds.Store(seconds)
	}
	return wrong.seconds.Load()
}
