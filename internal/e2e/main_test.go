package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cardstream/internal/leaktest"
)

// executable is the cardstream under test, built once.
var executable string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "cardstream-e2e-")
	if err == nil {
		executable = filepath.Join(folder, "cardstream")
		err = build(executable)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := leaktest.Run(m)
	ownClusters.wipe()
	_ = os.RemoveAll(folder) // a temporary one
	os.Exit(code)
}

func build(into string) error {
	args := []string{"build", "-o", into}
	if os.Getenv("CARDSTREAM_E2E_RACE") != "" {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "cardstream/cmd/cardstream")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
