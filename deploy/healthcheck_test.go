package deploy_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealthcheckExitsByTheAnswer(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "healthcheck")
	if out, err := exec.Command("go", "build", "-o", binary, "./healthcheck").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		args []string
		code int
	}{
		"ready":     {[]string{server.URL + "/readyz"}, 0},
		"not ready": {[]string{server.URL + "/restoring"}, 1},
		"nobody":    {[]string{"http://127.0.0.1:1/readyz"}, 1},
		"no URL":    {nil, 2},
	} {
		code, out := run(binary, test.args...)
		for try := 1; try < 10 && timedOut(out); try++ {
			code, out = run(binary, test.args...) // it gives up after 3 s, which a slow machine may need
		}
		if code != test.code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, code, test.code, out)
		}
	}
}

// timedOut reports whether that is why a program gave up: in the dialling it is said in other words.
func timedOut(out string) bool {
	return strings.Contains(out, "deadline exceeded") || strings.Contains(out, "i/o timeout")
}

// run runs a program and returns its exit code and what it said.
func run(program string, args ...string) (code int, out string) {
	command := exec.Command(program, args...)
	said, _ := command.CombinedOutput() // its exit code is what counts
	return command.ProcessState.ExitCode(), string(said)
}
