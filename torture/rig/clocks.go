package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// clocks say to each process how wrong its clock is, in the file that a binary built with -tags torture looks at.
type clocks struct {
	folder   string
	settable bool
}

// Settable reports whether the binary looks.
func (c *clocks) Settable() bool { return c.settable }

func (c *clocks) file(slot int) string { return filepath.Join(c.folder, fmt.Sprintf("clock-%d", slot)) }

// Wrong sets a clock so many seconds ahead; the process sees it within some milliseconds.
func (c *clocks) Wrong(slot, seconds int) error {
	next := c.file(slot) + ".next"
	if err := os.WriteFile(next, []byte(strconv.Itoa(seconds)), 0o644); err != nil {
		return err
	}
	return os.Rename(next, c.file(slot)) // never half of it
}
