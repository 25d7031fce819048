package leaktest_test

import (
	"strings"
	"testing"
	"time"

	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// tests are a package's that do this and exit with that.
type tests func() int

func (t tests) Run() int { return t() }

func TestWhatEndsLateIsWaitedFor(t *testing.T) {
	const late = time.Second // goleak alone waits for less than half of it
	code := leaktest.Run(tests(func() int {
		go func() { <-time.After(late) }()
		return 0
	}))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestWhatStaysIsFound(t *testing.T) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		<-end
	}()
	if err := leaktest.Find(time.Millisecond); err == nil || !strings.Contains(err.Error(), "TestWhatStaysIsFound") {
		t.Errorf("found: %v", err)
	}
	close(end)
	<-ended
}

func TestFailedTestsStayFailed(t *testing.T) {
	const failed = 3
	if code := leaktest.Run(tests(func() int { return failed })); code != failed {
		t.Errorf("exit code %d, want %d", code, failed)
	}
}
