package handlers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cardstream/provisioning"
	"cardstream/record"
)

// Random histories: the same comes out whatever befalls the process, and each card's requests go one at a time.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			lines := randomLines(rand.New(rand.NewPCG(seed, 7)), 60)
			plain := openWorld(t, noMishap)
			want := plain.doAll(t, lines)
			plain.checkLines()
			for _, m := range []mishap{diskKept, diskLost, beforeApply, beforeCommit} {
				got := openWorld(t, m).doAll(t, lines)
				for i := range lines {
					if !slices.Equal(got[i], want[i]) {
						t.Fatalf("mishap %d, line %d: %s\nwant %s\ngot  %s", m, i, lines[i],
							strings.Join(want[i], "\n     "), strings.Join(got[i], "\n     "))
					}
				}
			}
		})
	}
}

func (w *world) doAll(t *testing.T, lines []string) [][]string {
	var out [][]string
	for _, line := range lines {
		out = append(out, w.do(t, line))
	}
	return out
}

// randomLines are commands for a few cards, cancels and results that mostly fit, and a clock that goes on.
func randomLines(r *rand.Rand, n int) []string {
	lines := []string{"policy results=on attempts=2 timeout=1m retention=10m key=sesame"}
	number := func() string { return fmt.Sprintf("%d-%d", r.IntN(partitions), r.IntN(20)) }
	for range n {
		switch r.IntN(10) {
		case 0, 1, 2:
			set := fmt.Sprintf(`"new_pin": "PINPIN%c%c"`, 'A'+rune(r.IntN(26)), 'A'+rune(r.IntN(26)))
			if r.IntN(3) == 0 {
				set = `"reset_pin": true`
			}
			lines = append(lines, fmt.Sprintf(`command {"command_id": "c-%d", "subscription_identifier": {"number": "S-1"}, `+
				`"smartcard_identifier": {"serial_number": "%d"}, %s, "process_immediately": %v, "scheduled_date": "+%ds"}`,
				r.IntN(30), 19+r.IntN(4), set, r.IntN(3) == 0, r.IntN(120)))
		case 3:
			lines = append(lines, fmt.Sprintf(`command {"command_id": "x-%d", "cancel": {"number": "%s"}}`, r.IntN(5), number()))
		case 4, 5, 6:
			status := []string{"ACCEPTED", "REJECTED"}[r.IntN(2)]
			lines = append(lines, fmt.Sprintf(`result {"request_number": "%s", "attempt": %d, "response_status": "%s", "retryable": %v}`,
				number(), 1+r.IntN(2), status, r.IntN(2) == 0))
		default:
			lines = append(lines, fmt.Sprintf("wait %ds", r.IntN(90)), "wake limit="+fmt.Sprint(2+r.IntN(5)))
		}
	}
	return append(lines, "metrics")
}

// checkLines reads what was published: while a request of a card is SENT no other one of it is sent, and each request's
// events are numbered one by one.
func (w *world) checkLines() {
	w.t.Helper()
	sent := 0
	for p := range int32(partitions) {
		busy := make(map[string]provisioning.RequestNumber)
		revision := make(map[provisioning.RequestNumber]int)
		for _, r := range w.logs[record.TopicPartition{Topic: w.topics.Events(), Partition: p}] {
			e, err := w.schemas.Event.Decode(w.t.Context(), r.Value)
			if err != nil {
				w.t.Fatal(err)
			}
			if e.RequestNumber == nil || strings.HasPrefix(string(e.Type), "COMMAND_") {
				continue
			}
			revision[*e.RequestNumber]++
			if want := fmt.Sprintf("%s:%d", e.RequestNumber, revision[*e.RequestNumber]); e.ID != want {
				w.t.Errorf("event %s, want %s", e.ID, want)
			}
			head, taken := busy[string(r.Key)]
			switch {
			case e.Type == provisioning.RequestSent && taken && head != *e.RequestNumber:
				w.t.Errorf("%s is sent while %s is SENT", e.RequestNumber, head)
			case e.Type == provisioning.RequestSent:
				busy[string(r.Key)], sent = *e.RequestNumber, sent+1
			case e.State.Ended() && head == *e.RequestNumber:
				delete(busy, string(r.Key))
			}
		}
	}
	if sent == 0 {
		w.t.Error("nothing was sent: this history shows nothing")
	}
}
