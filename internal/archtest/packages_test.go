package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "cardstream"
	root   = "../.." // the module's, as seen from this package's directory
)

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string // of tests inside the package
	XTestImports []string // of those outside
}

// mustList returns the packages that `go list` names.
func mustList(tb testing.TB, args ...string) []pkg {
	tb.Helper()
	lookAt(tb, root)
	list := exec.CommandContext(tb.Context(), "go", append([]string{"list", "-json"}, args...)...)
	list.Dir = root
	var stderr strings.Builder
	list.Stderr = &stderr
	output, err := list.Output()
	if err != nil {
		tb.Fatalf("%v: %v\n%s", list.Args, err, &stderr)
	}
	var packages []pkg
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			tb.Fatalf("%v: %v", list.Args, err)
		}
		packages = append(packages, p)
	}
}

// lookAt opens every directory. The go command repeats a test's earlier result as long as what the test itself opened
// is unchanged, and does not know what `go list` opens for it.
func lookAt(tb testing.TB, dir string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // gone between two looks
			return nil
		case err == nil && entry.IsDir() && path != dir && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// isBeneath tells whether an import path is the other's, or deeper.
func isBeneath(path, other string) bool {
	return path == other || strings.HasPrefix(path, other+"/")
}

// isStandard tells whether an import path is the standard library's: the first part of any other has a dot, or is this
// module's.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != module && !strings.Contains(first, ".")
}
