package admin

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// CommandFile reads commands as JSON lines.
type CommandFile struct {
	Reader io.Reader
	Now    func() provisioning.Timestamp // what occurred_at and relative dates are taken from
}

// Line is one line of a file of commands: a command, or why it is none.
type Line struct {
	schemas.CommandLine
	Number int // from 1
	Err    error
}

// maxLineBytes bounds a line: no command is nearly as long.
const maxLineBytes = 1 << 20

// sourceOfFiles is the source of commands that name none.
const sourceOfFiles = "cli"

// Lines yields the file's lines, but for blank ones. The error, which comes last, is about reading the file itself.
func (f CommandFile) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		reader := bufio.NewReaderSize(f.Reader, 64<<10)
		for number := 1; ; number++ {
			text, tooLong, err := readLine(reader)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Line{}, fmt.Errorf("read commands: %w", err))
				return
			}
			if text = bytes.TrimSpace(text); len(text) > 0 || tooLong {
				if !yield(f.parse(number, text, tooLong), nil) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

func (f CommandFile) parse(number int, text []byte, tooLong bool) Line {
	l := Line{Number: number}
	if tooLong {
		l.Err = fmt.Errorf("longer than %d bytes", maxLineBytes)
		return l
	}
	now := f.Now()
	l.CommandLine, l.Err = schemas.ParseCommandLine(text,
		schemas.LineDefaults{Source: sourceOfFiles, OccurredAt: now, Now: now})
	return l
}

// readLine reads up to the end of a line; of one that is too long it keeps nothing.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLineBytes {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}
