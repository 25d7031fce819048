package rig

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Effects count what processes have printed: that the faults did reach them.
type Effects []Effect

// Effect is how often something was said.
type Effect struct {
	What  string
	Count int
}

// sayings are what tells of an effect, and its name.
var sayings = []struct{ what, text string }{
	{"partitions taken over", "partition taken over"},
	{"tasks started again from the log", "task starts again from the log"},
	{"fenced transactions", "PRODUCER_FENCED"},
	{"transactions of an old epoch", "INVALID_PRODUCER_EPOCH"},
	{"transactions of a partition given away", "given to another member"},
	{"transactions without a coordinator", "no coordinator has answered"},
	{"members that gave up by themselves", "group member gives up its partitions"},
	{"partitions that stopped", "partition stopped"},
	{"stores moved aside", "was moved aside"},
	{"stores that failed", "the store has failed"},
	{"disks that were full", "no space left on device"},
	{"restores from the beginning", "from=0 "},
	{"clocks not trusted", "clock is too far"},
	{"fetches tried on", "cannot be fetched, trying on"},
	{"waits for brokers", "waiting for the brokers"},
	{"panics", "panic:"},
	{"data races", "DATA RACE"},
}

// effects reads the logs.
func effects(logs string) (Effects, error) {
	e := make(Effects, len(sayings))
	for i, s := range sayings {
		e[i].What = s.what
	}
	return e, filepath.WalkDir(logs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for i, s := range sayings {
			for line := range bytes.Lines(text) {
				if bytes.Contains(line, []byte(s.text)) {
					e[i].Count++
				}
			}
		}
		return err
	})
}

// String lists them.
func (e Effects) String() string {
	var parts []string
	for _, effect := range e {
		parts = append(parts, fmt.Sprintf("%s %d", effect.What, effect.Count))
	}
	return "effects: " + strings.Join(parts, ", ")
}
