package simulation_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryPatchStillApplies keeps the removed guarantees of testdata/broken up to date: scripts/broken and the torture
// run build cardstream with them, to show that what they stand for would be found.
func TestEveryPatchStillApplies(t *testing.T) {
	top, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Skipf("no git checkout to apply patches to: %v", err)
	}
	patches, err := filepath.Glob("testdata/broken/*.patch")
	if err != nil || len(patches) != 5 {
		t.Fatalf("%d patches, want the five removed guarantees: %v", len(patches), err)
	}
	for _, patch := range patches {
		t.Run(strings.TrimSuffix(filepath.Base(patch), ".patch"), func(t *testing.T) {
			whole, err := filepath.Abs(patch)
			if err != nil {
				t.Fatal(err)
			}
			apply := exec.CommandContext(t.Context(), "git", "apply", "--check", whole)
			apply.Dir = strings.TrimSpace(string(top))
			if out, err := apply.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", errors.Unwrap(err), out)
			}
		})
	}
}
