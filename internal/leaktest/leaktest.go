// Package leaktest runs a package's tests and fails them if they leave goroutines behind. goleak looks for those too,
// and gives them less than half a second to end: too little on a slow machine for what nobody waits for, such as the
// connections of an embedded broker that is closed.
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end once the tests have.
const patience = 20 * time.Second

// Tests are a package's, a *testing.M.
type Tests interface{ Run() int }

// Main runs the tests and ends the process.
func Main(tests Tests) { os.Exit(Run(tests)) }

// Run runs the tests and returns what the process is to exit with, for a TestMain that has something to clear away.
func Run(tests Tests) int {
	code := tests.Run()
	if code != 0 {
		return code
	}
	if err := find(patience); err != nil {
		fmt.Fprintf(os.Stderr, "left behind by tests that passed: %v\n", err)
		return 1
	}
	return 0
}

// find returns nil as soon as there are no goroutines but the tests' own, and an error that names the others if there
// still are some after patience. Each look of goleak's waits for a while.
func find(patience time.Duration) error {
	for late := time.Now().Add(patience); ; {
		if err := goleak.Find(); err == nil || time.Now().After(late) {
			return err
		}
	}
}
