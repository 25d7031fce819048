// Package scripttest runs tests that are written as text: what is done, and what comes of it.
//
//	# What a comment says.
//	create pin=4321
//	wake
//	----
//	event 3-1042:1 REQUEST_PENDING
//
// A block is lines of input, a line of four dashes, and the lines of output that they lead to, up to an empty line. The
// blocks of a script follow one another. Nobody types the output: `go test ./room -run TestX -rewrite` writes it into
// the script, and a person reads it before it is committed.
package scripttest

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what came out into the scripts of testdata")

// Interpreter does one line of input and returns the lines that it leads to. It fails t where the line makes no sense.
type Interpreter func(t *testing.T, line string) []string

// Run runs the script at path and holds what comes out against it, or rewrites it.
func Run(t *testing.T, path string, do Interpreter) {
	t.Helper()
	was, is := play(t, path, do, !*rewrite)
	if *rewrite && was != is {
		if err := os.WriteFile(path, []byte(is), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Check runs the script at path and holds what comes out against it. It never rewrites: it is for another way in which
// the same must come out.
func Check(t *testing.T, path string, do Interpreter) {
	t.Helper()
	play(t, path, do, true)
}

// Each runs a test for each script of a folder, named for it. A folder without one is an error.
func Each(t *testing.T, folder string, test func(t *testing.T, path string)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d scripts in %s, %v", len(paths), folder, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { test(t, path) })
	}
}

// play runs a script and returns its text as it was and as it came out.
func play(t *testing.T, path string, do Interpreter, compare bool) (was, is string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	was = string(text)
	var out []string
	for number, rest := 1, strings.Split(strings.TrimSuffix(was, "\n"), "\n"); len(rest) > 0; {
		b, length := cut(rest)
		out = append(out, b.input...)
		if b.runs {
			got := b.run(t, do)
			if compare && !slices.Equal(got, b.output) {
				t.Errorf("%s:%d: %s\n%s", path, number, strings.Join(b.input, "\n"), difference(b.output, got))
			}
			out = append(append(out, separator), got...)
		}
		if number, rest = number+length, rest[length:]; len(rest) > 0 {
			out, number, rest = append(out, ""), number+1, rest[1:]
		}
	}
	return was, strings.Join(out, "\n") + "\n"
}
