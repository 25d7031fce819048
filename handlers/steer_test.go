package handlers_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cardstream/internal/scripttest"
	"cardstream/provisioning"
	"cardstream/record"
)

// The scripts of testdata/gate say what is held back, and what happens when that ends. A new life of a task may send a
// little more or later there: so they run without mishaps, and say themselves when the process ends.
func TestGate(t *testing.T) {
	scripttest.Each(t, "testdata/gate", func(t *testing.T, path string) {
		w := openWorld(t, noMishap)
		w.short = true
		scripttest.Run(t, path, w.do)
	})
}

// control is what operators say.
type control struct {
	run     provisioning.RunControl
	changed chan struct{}
}

func (c *control) Current() provisioning.RunControl { return c.run }
func (c *control) Changed() <-chan struct{}         { return c.changed }

// set changes what operators say, and nudges.
func (c *control) set(run provisioning.RunControl) {
	c.run = run
	close(c.changed)
	c.changed = make(chan struct{})
}

// steer does what operators, the headend and the machine do in a script; ok is false where the verb is none of these.
func (w *world) steer(t *testing.T, verb, line string) (out []string, ok bool) {
	words := scripttest.Split(line)
	count := func(name, otherwise string) int {
		n, err := strconv.Atoi(words.Text(name, otherwise))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return n
	}
	switch verb {
	case "pause", "resume": // and rate: what operators say
		w.control.set(provisioning.RunControl{Paused: verb == "pause", Rate: w.control.run.Rate})
	case "rate":
		w.control.set(provisioning.RunControl{Paused: w.control.run.Paused, Rate: float64(count("a-second", ""))})
	case "fill": // n=10 date=+1m immediate: requests, each for a card of its own, in partition 0
		w.fill(count("n", "1"), words.Text("date", "+0s"), words.Has("immediate"))
	case "answer": // n=3 with=ACCEPTED retryable: the headend answers the first of what it has not answered yet
		out = w.answer(count("n", "1000000"), words.Text("with", "ACCEPTED"), words.Has("retryable"))
	case "lose": // the headend will not answer what it has not answered yet
		w.answered = len(w.commandLog())
	case "restart": // the process ends and another one begins; disk=lost: with an empty disk
		w.restart(words.Text("disk", "kept") == "lost")
	case "held": // what is held back in partition 0
		out = w.held()
	default:
		return nil, false
	}
	words.Done(t)
	return out, true
}

// fill reads commands of cards that nobody else has, and lets partition 0 create them.
func (w *world) fill(n int, date string, immediate bool) {
	w.t.Helper()
	for range n {
		card := ""
		for card == "" || record.PartitionFor([]byte("serial_number:"+card), partitions) != 0 {
			w.cards++
			card = strconv.Itoa(1000 + w.cards)
		}
		w.read(w.record("command", fmt.Sprintf(`{"command_id": "f-%d", "subscription_identifier": {"number": "S-1"}, `+
			`"smartcard_identifier": {"serial_number": "%s"}, "reset_pin": true, "scheduled_date": "%s", "process_immediately": %v}`,
			w.cards, card, date, immediate)))
	}
}

// commandLog is what the headend reads of partition 0.
func (w *world) commandLog() []record.Record {
	return w.logs[record.TopicPartition{Topic: w.topics.SmartcardCommands(), Partition: 0}]
}

// answer lets the headend answer up to n attempts, in order. Nobody takes a step.
func (w *world) answer(n int, status string, retryable bool) []string {
	w.t.Helper()
	log := w.commandLog()
	for ; n > 0 && w.answered < len(log); n-- {
		c, err := w.schemas.SmartcardCommand.Decode(w.t.Context(), log[w.answered].Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.answered++
		w.read(w.record("result", fmt.Sprintf(`{"request_number": "%s", "attempt": %d, "response_status": "%s", "retryable": %v}`,
			c.RequestNumber, c.Attempt, status, retryable)))
	}
	return nil
}

func (w *world) held() []string {
	c := w.leases[0].Counts()
	return []string{fmt.Sprintf("urgent retries %d, urgent %d, retries %d, others %d; SENT %d",
		c.ReadyUrgentRetry, c.ReadyUrgent, c.ReadyRetry, c.Ready, c.Sent)}
}

// shorten leaves of a step's records what the outside sees, in a few words.
func (w *world) shorten(r *record.Record) string {
	w.t.Helper()
	switch r.Topic {
	case w.topics.SmartcardCommands():
		c, err := w.schemas.SmartcardCommand.Decode(w.t.Context(), r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		return fmt.Sprintf("%s sent, attempt %d", c.RequestNumber, c.Attempt)
	case w.topics.Events():
		e, err := w.schemas.Event.Decode(w.t.Context(), r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		if e.State.Ended() {
			return strings.TrimSpace(fmt.Sprintf("%s %s %s", e.RequestNumber, e.State, reason(&e)))
		}
	}
	return ""
}

func reason(e *provisioning.Event) string {
	if e.RejectedBy == nil {
		return ""
	}
	return "by " + string(*e.RejectedBy)
}
