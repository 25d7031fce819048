package rig_test

import (
	"os"
	"testing"

	"cardstream/internal/ledger/chaos"
	"cardstream/torture/rig"
)

// A newcomer that is told to leave before it listens for signals is ended by the signal: that is no mistake of anybody.
func TestANewcomerLeavesBeforeItListens(t *testing.T) {
	binary, err := os.Executable()
	must(t, err)
	crowd, present := rig.NewCrowd(chaos.Config{
		Binary: binary, Args: func(int) []string { return nil }, Processes: 1, Logs: t.TempDir(), Log: t.Logf,
		EnvOf: func(int) []string { return []string{beginner + "=yes"} },
	})
	must(t, crowd.Join())
	printed(t, present(), "ready", 1)
	must(t, crowd.Leave(t.Context(), true))
}
