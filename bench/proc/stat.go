package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/<pid>/stat: USER_HZ, which is 100 on every architecture that Go runs on.
const tick = time.Second / 100

// CPU returns the processor time that a process has used since its start, of all its threads, in steps of 10 ms: what its
// children use does not count.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return ParseStat(string(text))
}

// ParseStat returns user and system time of a line of /proc/<pid>/stat (proc(5)).
func ParseStat(line string) (time.Duration, error) {
	// The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
	_, rest, found := cutLast(line, ") ")
	fields := strings.Fields(rest)
	const user, system = 14 - 3, 15 - 3 // counted from 1 in proc(5); the third is the first behind the name
	if !found || len(fields) <= system {
		return 0, fmt.Errorf("stat %q: too few fields", line)
	}
	u, errUser := strconv.ParseInt(fields[user], 10, 64)
	s, errSystem := strconv.ParseInt(fields[system], 10, 64)
	if err := errors.Join(errUser, errSystem); err != nil {
		return 0, fmt.Errorf("stat %q: %w", line, err)
	}
	return time.Duration(u+s) * tick, nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}
