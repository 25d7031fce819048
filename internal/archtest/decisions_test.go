package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDecisionsAreListed: docs/decisions/README.md names each page with its title.
func TestDecisionsAreListed(t *testing.T) {
	folder := filepath.Join(root, "docs", "decisions")
	list, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(folder, "0*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		heading, _, _ := strings.Cut(string(content), "\n")
		number, title, ok := strings.Cut(strings.TrimPrefix(heading, "# "), ": ")
		if want := "- [" + number + "](" + filepath.Base(page) + "): " + title + "\n"; !ok || !strings.Contains(string(list), want) {
			t.Errorf("README.md lacks %q", want)
		}
	}
}
