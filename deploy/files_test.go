package deploy_test

import (
	"os"
	"path/filepath"
	"testing"
)

// root is the repository's, as seen from this package's directory.
const root = ".."

func mustRead(tb testing.TB, path ...string) string {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}
