package e2e_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/examples"
	"cardstream/internal/ledger"
)

// notPending is what becomes of a cancel whose request is not PENDING any more.
const notPending = "COMMAND_REJECTED COMMAND REQUEST_NOT_PENDING"

// lives are the events that each command of examples/lifecycle.jsonl leads to, in order, under the command's own id.
var lives = map[string][]string{
	"completed":              {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"completed-immediately":  {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"completed-when-due":     {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"answered-twice":         {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"answered-astray":        {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"accepted-late":          {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"retried":                {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_COMPLETED 2"},
	"timed-out-once":         {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_COMPLETED 2"},
	"rejected-by-headend":    {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_REJECTED 1 HEADEND SIM_REJECTED"},
	"rejected-after-retries": thrice("REQUEST_REJECTED 3 HEADEND SIM_BUSY"),
	"rejected-by-timeout":    thrice("REQUEST_REJECTED 3 TIMEOUT HEADEND_TIMEOUT"),
	"rejected-then-accepted-late": thrice(
		"REQUEST_REJECTED 3 TIMEOUT HEADEND_TIMEOUT", "REQUEST_COMPLETED 3"),
	"first-of-its-card":             {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_COMPLETED 2"},
	"second-of-its-card":            {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_COMPLETED 2"},
	"third-of-its-card-immediately": {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_COMPLETED 2"},
	"cancelled":                     {"REQUEST_PENDING"},
	"cancels":                       {"REQUEST_CANCELLED", "COMMAND_DUPLICATE"},
	"cancels-too-late":              {notPending},
	"sent-at-once":                  {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
	"cancels-what-is-sent":          {"COMMAND_REJECTED 1 COMMAND REQUEST_NOT_PENDING"},
	"cancels-nothing":               {"COMMAND_REJECTED COMMAND REQUEST_UNKNOWN"},
	"invalid":                       {"COMMAND_REJECTED COMMAND NEW_PIN_INVALID,PIN_PARAMETER_AMBIGUOUS"},
	"repeated":                      {"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_COMPLETED 1"},
}

// thrice are the events of a request that is sent three times, up to its end.
func thrice(end ...string) []string {
	return append([]string{"REQUEST_PENDING", "REQUEST_SENT 1", "REQUEST_SENT 2", "REQUEST_SENT 3"}, end...)
}

// matchLives holds printed events against lives. What is sent and what is repeated have no order between them, so
// duplicates of requests are counted apart.
func matchLives(t *testing.T, printed string) []ledger.Printed {
	t.Helper()
	events, err := ledger.ReadPrinted(strings.NewReader(printed))
	if err != nil {
		t.Fatal(err)
	}
	got, duplicates := map[string][]string{}, []string{}
	for _, e := range events {
		if e.CommandID == "repeated" && e.Type == "COMMAND_DUPLICATE" {
			e.Attempt = nil
			duplicates = append(duplicates, e.String())
			continue
		}
		if e.Type == "COMMAND_DUPLICATE" {
			e.Attempt = nil
		}
		got[e.CommandID] = append(got[e.CommandID], e.String())
	}
	for id, want := range lives {
		if !slices.Equal(got[id], want) {
			t.Errorf("%s:\n got %q\nwant %q", id, got[id], want)
		}
		delete(got, id)
	}
	for id, more := range got {
		t.Errorf("%s: %q", id, more)
	}
	if want := []string{"COMMAND_DUPLICATE", "COMMAND_DUPLICATE DUPLICATE_DIFFERS"}; !slices.Equal(duplicates, want) {
		t.Errorf("duplicates %q, want %q", duplicates, want)
	}
	return events
}

// matchLine wants the requests of one card one after another: what is sent follows the end of the one before it.
func matchLine(t *testing.T, events []ledger.Printed) {
	t.Helper()
	var got, want []string
	for _, e := range events {
		if strings.Contains(e.CommandID, "-of-its-card") && e.Type != "REQUEST_PENDING" {
			got = append(got, e.CommandID+" "+e.String())
		}
	}
	for _, id := range []string{"first-of-its-card", "second-of-its-card", "third-of-its-card-immediately"} {
		for _, event := range lives[id][1:] {
			want = append(want, id+" "+event)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("one card's line:\n got %q\nwant %q", got, want)
	}
}

func TestEveryCommandOfTheExampleHasALife(t *testing.T) {
	expected, err := ledger.Expect(bytes.NewReader(examples.Lifecycle()), ledger.Rules{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range expected {
		if e.Broken != nil || lives[e.Command.ID] == nil {
			t.Errorf("line %d: %v, no life", e.Line, e.Broken)
		}
	}
}

func TestDevOnceShowsTheWholeLifeCycle(t *testing.T) {
	got := once(t, "lifecycle.jsonl", "--headend-timeout", "1s")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
	}
	matchLine(t, matchLives(t, got.stdout))
}

// What the README shows by hand beside that: what leads to no event.
func TestTheWholeLifeCycleByHand(t *testing.T) {
	process := dev(t, "--headend-timeout", "1s", "--retention", "6s")
	got := shell(t, append([]string{"send", "--follow", "--file", filepath.Join("..", "..", "examples", "lifecycle.jsonl")},
		process.flags()...)...)
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
	}
	matchLives(t, got.stdout)

	letters := process.watch(t, "provisioning.dead-letters")
	for _, code := range []string{"ATTEMPT_UNKNOWN", "REQUEST_UNKNOWN"} {
		if strings.Count(letters, `"cardstream.error.code":"`+code+`"`) != 1 {
			t.Errorf("no dead letter %s, or several:\n%s", code, letters)
		}
	}
	page := process.page(t)
	for _, line := range []string{
		`cardstream_headend_results_total{status="repeated"} 1`, `cardstream_headend_results_total{status="unknown"} 2`,
		`cardstream_headend_results_total{status="late"} 1`, `cardstream_headend_results_total{status="retryable"} 7`,
		`cardstream_headend_results_total{status="rejected"} 1`,
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no metric %s", line)
		}
	}
	if states := process.watch(t, "provisioning.state"); !strings.Contains(states, `"value":null`) {
		t.Error("nothing has been forgotten")
	}
}
