package headendsim_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/headendsim"
	"cardstream/provisioning"
)

// noon is when everything begins.
var noon = time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)

// timeout is how long a command gives the headend.
const timeout = 10 * time.Second

// command is an attempt that is issued at a moment after noon.
func command(offset int64, attempt int32, card string, issued time.Duration) *provisioning.SmartcardCommand {
	issuedAt := provisioning.TimestampOf(noon.Add(issued))
	respondBy := issuedAt.Add(timeout)
	return &provisioning.SmartcardCommand{
		RequestNumber: provisioning.RequestNumber{Partition: 3, Offset: offset}, Attempt: attempt, Action: provisioning.ResetPIN,
		Smartcard: provisioning.SmartcardIdentifier{SerialNumber: &card}, IssuedAt: issuedAt, RespondBy: &respondBy,
	}
}

// told prints answers: when, counted from noon, which attempt, and what.
func told(answers []headendsim.Given) string {
	var parts []string
	for _, a := range answers {
		what := string(a.Result.Status)
		if a.Result.Retryable {
			what = "RETRYABLE"
		}
		if a.Result.RetryAfter != nil {
			what += fmt.Sprintf(" after %d ms", *a.Result.RetryAfter)
		}
		parts = append(parts, fmt.Sprintf("%s: %d %s", a.At.Sub(noon), a.Result.Attempt, what))
	}
	return strings.Join(parts, ", ")
}

// work is a step of a test: an attempt, when it is read, and how it is answered.
type work struct {
	attempt int32
	read    time.Duration
	want    string
}

func TestCardsSayThemselvesHowTheyAreAnswered(t *testing.T) {
	for card, steps := range map[string][]work{
		"SIM-ACCEPT":    {{1, 0, "1s: 1 ACCEPTED"}},
		"SIM-REJECT":    {{1, 0, "1s: 1 REJECTED"}, {2, 0, "1s: 2 REJECTED"}},
		"SIM-SILENT":    {{1, 0, ""}, {2, 0, ""}, {3, 0, ""}},
		"SIM-LATE":      {{1, 0, "15s: 1 ACCEPTED"}},
		"SIM-TWICE-007": {{1, 0, "1s: 1 ACCEPTED, 1s: 1 ACCEPTED"}},
		"SIM-STRAY":     {{1, 0, "1s: 1001 ACCEPTED, 1s: 1 ACCEPTED, 1s: 1 ACCEPTED"}},
		"SIM-RETRYABLE-ACCEPT-2": {
			{1, 0, "1s: 1 RETRYABLE after 300 ms"}, {2, 0, "1s: 2 ACCEPTED"},
		},
		"SIM-SILENT-SILENT-LATE": {{1, 0, ""}, {2, 0, ""}, {3, 0, "15s: 3 ACCEPTED"}},
		// What was done is not done again, whatever the script says of a further attempt.
		"SIM-LATE-REJECT":        {{1, 0, "15s: 1 ACCEPTED"}, {2, 2 * time.Second, "2s: 2 ACCEPTED"}},
		"SIM-LATE-REJECT-9":      {{1, 0, "15s: 1 ACCEPTED"}, {2, 0, "1s: 2 ACCEPTED"}},
		"SIM-ACCEPT-AND-MORE":    {{1, 0, "1s: 1 ACCEPTED"}}, // no script
		"SIM-":                   {{1, 0, "1s: 1 ACCEPTED"}},
		"SIM-7":                  {{1, 0, "1s: 1 ACCEPTED"}},
		"01900080207 SIM-REJECT": {{1, 0, "1s: 1 ACCEPTED"}},
	} {
		headend := headendsim.NewModel(
			headendsim.Settings{Delay: time.Second, RetryAfter: 300 * time.Millisecond}, noon, 10)
		for _, step := range steps {
			got := told(headend.Work(command(1, step.attempt, card, 0), noon.Add(step.read)))
			if got != step.want {
				t.Errorf("%s, attempt %d: %q, want %q", card, step.attempt, got, step.want)
			}
		}
	}
}

func TestALateAnswerIsGivenWheneverItsCommandIsRead(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{}, noon, 10)
	if got := told(headend.Work(command(1, 1, "SIM-LATE", 0), noon.Add(time.Minute))); got != "1m0s: 1 ACCEPTED" {
		t.Errorf("read after respond_by: %q", got)
	}
}

func TestAResultNamesItsCommand(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{}, noon, 10)
	got := headend.Work(command(5, 1, "SIM-REJECT", 0), noon)[0].Result
	if got.RequestNumber != "3-5" || *got.ReferenceNumber != "SIM-3-5" || *got.ErrorCode == "" || *got.ErrorDescription == "" {
		t.Errorf("%+v", got)
	}
}

func TestNoResultsAreGivenWhereNoneAreRead(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{}, noon, 10)
	c := command(1, 1, "any", 0)
	c.RespondBy = nil
	if got := headend.Work(c, noon); got != nil {
		t.Errorf("answers: %s", told(got))
	}
}

// The headend starts so many a second: the rest queues, and what would be started after its respond_by never is, and
// takes nobody's place.
func TestTheHeadendDoesNoMoreThanItCan(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{Rate: 0.5, Delay: time.Second}, noon, 100)
	var got []string
	for n := range int64(8) {
		got = append(got, told(headend.Work(command(n, 1, "any", 0), noon)))
	}
	got = append(got, told(headend.Work(command(9, 1, "any", 3*time.Second), noon.Add(3*time.Second))))
	want := []string{
		"1s: 1 ACCEPTED", "3s: 1 ACCEPTED", "5s: 1 ACCEPTED", "7s: 1 ACCEPTED", "9s: 1 ACCEPTED", "11s: 1 ACCEPTED", "", "",
		"13s: 1 ACCEPTED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAnOutageIsOutlivedByWhatHasTime(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{DownAfter: 5 * time.Second, DownFor: 8 * time.Second}, noon, 100)
	for _, step := range []struct {
		issued, read time.Duration
		want         string
	}{
		{0, 4999 * time.Millisecond, "4.999s: 1 ACCEPTED"},
		{4 * time.Second, 5 * time.Second, "13s: 1 ACCEPTED"}, // what queues when it goes down
		{2 * time.Second, 6 * time.Second, ""},
		{0, 13 * time.Second, ""}, // read when it is back, too late to start
		{13 * time.Second, 13 * time.Second, "13s: 1 ACCEPTED"},
	} {
		got := told(headend.Work(command(int64(step.read), 1, "any", step.issued), noon.Add(step.read)))
		if got != step.want {
			t.Errorf("issued at %s, read at %s: %q, want %q", step.issued, step.read, got, step.want)
		}
	}
}

func TestTheOldestDoneIsForgottenForTheNewest(t *testing.T) {
	headend := headendsim.NewModel(headendsim.Settings{}, noon, 3)
	const card = "SIM-ACCEPT-REJECT"
	for n := range int64(4) {
		headend.Work(command(n, 1, card, 0), noon)
	}
	for n, want := range []string{"0s: 2 REJECTED", "0s: 2 ACCEPTED", "0s: 2 ACCEPTED", "0s: 2 ACCEPTED"} {
		if got := told(headend.Work(command(int64(n), 2, card, 0), noon)); got != want {
			t.Errorf("request %d: %q, want %q", n, got, want)
		}
	}
}

// Chance keeps to its shares, and is the same whenever and in whatever order it is asked.
func TestChanceCanBeRepeated(t *testing.T) {
	settings := headendsim.Settings{Seed: 4, Reject: 0.05, Retryable: 0.1, Silent: 0.02, Late: 0.03, Twice: 0.04}
	const attempts = 100_000
	ask := func(seed uint64, n int64) string {
		settings.Seed = seed
		return told(headendsim.NewModel(settings, noon, 1).Work(command(n/2, int32(1+n%2), "any", 0), noon))
	}
	counts, otherwise := map[string]float64{}, 0
	for n := range int64(attempts) {
		answered := ask(4, n)
		counts[strings.ReplaceAll(answered, ": 2", ": 1")]++
		if again := ask(4, n); again != answered {
			t.Fatalf("attempt %d is answered in two ways: %q, %q", n, answered, again)
		}
		if n%2 == 0 && n < 2000 && ask(5, n) != answered {
			otherwise++
		}
	}
	for what, share := range map[string]float64{
		"0s: 1 REJECTED": 0.05, "0s: 1 RETRYABLE": 0.1, "": 0.02, "15s: 1 ACCEPTED": 0.03,
		"0s: 1 ACCEPTED, 0s: 1 ACCEPTED": 0.04, "0s: 1 ACCEPTED": 0.76,
	} {
		if got := counts[what] / attempts; math.Abs(got-share) > 0.005 {
			t.Errorf("%q: %.3f of all, want %.2f", what, got, share)
		}
	}
	if otherwise < 100 {
		t.Errorf("another seed answers %d of 1,000 otherwise", otherwise)
	}
}

func TestTheBacklogWaitsForItsOldestAnswer(t *testing.T) {
	var b headendsim.Backlog
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	b.Add(10, at(1))
	b.Add(11, at(9)) // late
	b.Add(12)        // silent
	b.Add(13, at(2), at(2))
	b.Add(14, at(2))
	for _, step := range []struct {
		now      int
		due      []int64
		position int64
	}{
		{0, nil, 10}, {1, []int64{10}, 11}, {5, []int64{13, 13, 14}, 11}, {9, []int64{11}, 15}, {10, nil, 15},
	} {
		due := b.Due(at(step.now))
		if position := b.Position(); !slices.Equal(due, step.due) || position != step.position {
			t.Errorf("after %d s: %v are due, position %d; want %v, %d", step.now, due, position, step.due, step.position)
		}
	}
}
