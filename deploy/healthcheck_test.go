package deploy_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
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
		check := exec.Command(binary, test.args...)
		out, _ := check.CombinedOutput() // its exit code is what counts
		if code := check.ProcessState.ExitCode(); code != test.code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, code, test.code, out)
		}
	}
}
