package e2e_test

import (
	"bytes"
	"fmt"
	"os"
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

// A life is what was seen of the example's commands in one run.
type life struct {
	wrong []string
	// Some request was sent more often than it is to be: with a second to answer, whatever stands still for that long makes
	// a time-out. If that is all that makes it differ, it says nothing.
	hurried bool
}

func (l *life) errorf(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// inTime judges a run, and another one in place of one that was hurried, three at the most.
func inTime(t *testing.T, run func() life) {
	t.Helper()
	for range 2 {
		l := run()
		if !l.hurried {
			l.judge(t)
			return
		}
		t.Logf("answers came too late, once more: %s", strings.Join(l.wrong, "\n"))
	}
	l := run()
	l.judge(t)
}

func (l *life) judge(t *testing.T) {
	t.Helper()
	for _, wrong := range l.wrong {
		t.Error(wrong)
	}
}

// match holds printed events against lives. What is sent and what is repeated have no order between them, so duplicates
// of requests are counted apart.
func (l *life) match(t *testing.T, printed string) []ledger.Printed {
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
			l.errorf("%s:\n got %q\nwant %q", id, got[id], want)
		}
		l.hurried = l.hurried || attempts(got[id]) > attempts(want)
		delete(got, id)
	}
	for id, more := range got {
		l.errorf("%s: %q", id, more)
	}
	if want := []string{"COMMAND_DUPLICATE", "COMMAND_DUPLICATE DUPLICATE_DIFFERS"}; !slices.Equal(duplicates, want) {
		l.errorf("duplicates %q, want %q", duplicates, want)
	}
	return events
}

// attempts counts how often a request was sent.
func attempts(events []string) (n int) {
	for _, e := range events {
		if strings.HasPrefix(e, "REQUEST_SENT") {
			n++
		}
	}
	return n
}

// matchLine wants the requests of one card one after another: what is sent follows the end of the one before it.
func (l *life) matchLine(events []ledger.Printed) {
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
		l.errorf("one card's line:\n got %q\nwant %q", got, want)
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
	inTime(t, func() (l life) {
		got := once(t, "lifecycle.jsonl", "--headend-timeout", "1s")
		if got.code != 0 || got.stderr != "" {
			l.errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
		}
		l.matchLine(l.match(t, got.stdout))
		return l
	})
}

// What the README shows by hand beside that: what leads to no event.
func TestTheWholeLifeCycleByHand(t *testing.T) {
	inTime(t, func() (l life) {
		process := dev(t, "--headend-timeout", "1s", "--retention", "6s")
		eventually(t, time.Minute, "the sample commands have come to their end", func() bool {
			log, err := os.ReadFile(process.fleet.LogFile(0))
			return err == nil && bytes.Contains(log, []byte("have come to their end"))
		})
		before := process.results(t)
		got := shell(t, append([]string{"send", "--follow", "--file", filepath.Join("..", "..", "examples", "lifecycle.jsonl")},
			process.flags()...)...)
		if got.code != 0 || got.stderr != "" {
			l.errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
		}
		l.match(t, got.stdout)

		letters := process.watch(t, "provisioning.dead-letters")
		for _, code := range []string{"ATTEMPT_UNKNOWN", "REQUEST_UNKNOWN"} {
			if strings.Count(letters, `"cardstream.error.code":"`+code+`"`) != 1 {
				l.errorf("no dead letter %s, or several:\n%s", code, letters)
			}
		}
		after := process.results(t)
		for status, want := range map[string]int{"repeated": 1, "unknown": 2, "late": 1, "retryable": 7, "rejected": 1} {
			if counted := after[status] - before[status]; counted != want {
				l.errorf("%d results counted as %s, want %d", counted, status, want)
			}
		}
		if states := process.watch(t, "provisioning.state"); !strings.Contains(states, `"value":null`) {
			l.errorf("nothing has been forgotten")
		}
		return l
	})
}

// results returns how many of the headend's results were counted, by status.
func (d devProcess) results(t *testing.T) map[string]int {
	t.Helper()
	counted := map[string]int{}
	for line := range strings.Lines(d.page(t)) {
		var status string
		var n int
		if _, err := fmt.Sscanf(line, "cardstream_headend_results_total{status=%q} %d", &status, &n); err == nil {
			counted[status] = n
		}
	}
	return counted
}
