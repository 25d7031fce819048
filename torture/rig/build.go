package rig

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tag is the build tag of a binary whose clock can be wrong.
const tag = "torture"

// Build makes the cardstream that is tested, of the sources in root, and returns where it is. With a patch it is what root
// has committed, with the patch applied, built aside.
func Build(ctx context.Context, root, patch, into string) (string, error) {
	binary := filepath.Join(into, "cardstream")
	if patch != "" {
		patch, err := filepath.Abs(patch)
		if err != nil {
			return "", err
		}
		clone, err := os.MkdirTemp("", "cardstream-torture-")
		if err != nil {
			return "", err
		}
		defer func() { _ = os.RemoveAll(clone) }() // a temporary one
		if err := run(ctx, root, "git", "clone", "--quiet", "--shared", root, clone); err != nil {
			return "", err
		}
		if err := run(ctx, clone, "git", "apply", patch); err != nil {
			return "", err
		}
		root = clone
	}
	return binary, run(ctx, root, "go", "build", "-tags", tag, "-o", binary, "./cmd/cardstream")
}

func run(ctx context.Context, folder, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// clockSettable reports whether a binary was built with the tag.
func clockSettable(binary string) bool {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-tags" && slices.Contains(strings.Split(setting.Value, ","), tag) {
			return true
		}
	}
	return false
}
