package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress shows how work that takes time goes on: on a terminal, and only there.
type progress struct {
	out  io.Writer // nil: not a terminal
	next time.Time
}

// newProgress shows on w if that is a terminal.
func newProgress(w io.Writer) *progress {
	file, ok := w.(*os.File)
	if !ok {
		return &progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{out: file}
}

// progressEvery is how often the line changes at most.
const progressEvery = 100 * time.Millisecond

// show replaces the line.
func (p *progress) show(format string, args ...any) {
	if p.out == nil || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressEvery)
	fmt.Fprintf(p.out, "\r\x1b[K"+format, args...)
}

// end removes the line.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
