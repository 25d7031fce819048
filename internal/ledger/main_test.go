package ledger_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain is internal/leaktest's Main: the witness shares no code, and its tests have an embedded broker too, whose
// connections end some time after it is closed.
func TestMain(m *testing.M) {
	code := m.Run()
	var left error
	for late := time.Now().Add(20 * time.Second); code == 0 && time.Now().Before(late); {
		if left = goleak.Find(); left == nil {
			break
		}
	}
	if left != nil {
		fmt.Fprintf(os.Stderr, "left behind by tests that passed: %v\n", left)
		code = 1
	}
	os.Exit(code)
}
