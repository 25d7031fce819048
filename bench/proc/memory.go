package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process holds in main memory, in bytes.
type Memory struct {
	Resident  int64 `json:"resident_bytes"`  // all of it: VmRSS
	Anonymous int64 `json:"anonymous_bytes"` // without pages of files, which the kernel can take back: RssAnon
	Peak      int64 `json:"peak_bytes"`      // the most that Resident has been: VmHWM
}

// MemoryOf reads a process's memory.
func MemoryOf(pid int) (Memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, err
	}
	return ParseStatus(string(text))
}

// ParseStatus reads the memory from /proc/<pid>/status (proc(5)).
func ParseStatus(text string) (Memory, error) {
	values, err := kibibytes(text)
	if err != nil {
		return Memory{}, err
	}
	m := Memory{Resident: values["VmRSS"], Anonymous: values["RssAnon"], Peak: values["VmHWM"]}
	if m.Resident == 0 || m.Peak == 0 {
		return Memory{}, errors.New("status: no VmRSS or VmHWM: the process has ended")
	}
	return m, nil
}

// kibibytes reads the lines "Name:  123 kB" of a file in /proc, and returns bytes.
func kibibytes(text string) (map[string]int64, error) {
	values := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		number, isKiB := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if !isKiB {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = n << 10
	}
	return values, nil
}
