package subject_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardstream/bench/subject"
	"cardstream/internal/leaktest"
)

// role is the environment variable that makes this test's own binary a subject.
const role = "CARDSTREAM_TEST_SUBJECT"

func TestMain(m *testing.M) {
	if addr := os.Getenv(role); addr != "" {
		panic(http.ListenAndServe(addr, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	}
	leaktest.Main(m)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// ready starts a subject and waits until it is ready. Between the looking for an address and its use somebody else may
// take that: then it is another one's turn.
func ready(t *testing.T) (p *subject.Process, took time.Duration) {
	t.Helper()
	for try := 1; ; try++ {
		addr, log := freeAddress(t), filepath.Join(t.TempDir(), "log")
		t.Setenv(role, addr)
		p, err := subject.Start(subject.Command{
			Name: "subject", Args: []string{os.Args[0]}, Log: log, Ready: "http://" + addr,
		})
		if err != nil {
			t.Fatal(err)
		}
		took, err := p.AwaitReady(t.Context())
		if err == nil {
			return p, took
		}
		said, _ := os.ReadFile(log) // err is told in any case
		if !strings.Contains(string(said), "address already in use") || try == 5 {
			t.Fatalf("%v\n%s", err, said)
		}
	}
}

func TestAProcessIsStartedMeasuredAndStopped(t *testing.T) {
	p, took := ready(t)
	if took <= 0 {
		t.Errorf("ready after %s", took)
	}
	if m, err := p.Memory(); err != nil || m.Resident == 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := p.CPU(); err != nil {
		t.Error(err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := p.CPU(); err == nil {
		t.Error("a process that has ended is measured")
	}
}

func TestAProcessThatEndsByItselfIsAnError(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := subject.Start(subject.Command{
		Name: "subject", Args: []string{"sh", "-c", "echo why; exit 3"}, Log: log, Ready: "http://" + freeAddress(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := p.AwaitReady(ctx); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("ready: %v", err)
	}
	if err := p.Stop(); err == nil {
		t.Error("stopped in order")
	}
	if text, err := os.ReadFile(log); err != nil || string(text) != "why\n" {
		t.Errorf("log %q, %v", text, err)
	}
}
