package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cardstream/record"
	"cardstream/schemas"
)

// nulls are fields that say nothing; a value's own quotes are escaped and so never match.
var nulls = regexp.MustCompile(`"[a-z_]+":null(,|(\}))`)

// show writes a record as the scripts have it: where it stands, its key, and its value, in brief or as JSON without the
// fields that are null; of a dead letter the headers.
func (w *world) show(r *record.Record) string {
	where := fmt.Sprintf("%s %s:", r.TopicPartition(), key(r.Key))
	switch {
	case r.Topic == w.topics.DeadLetters():
		return where + headers(r) + " " + amount(r.Value)
	case r.Value == nil:
		return where + " null"
	}
	js, err := w.foreign.JSON(w.t.Context(), r.Value, schemas.JSONOptions{ShowPINs: true})
	if err != nil {
		w.t.Fatalf("%s: %v", r.TopicPartition(), err)
	}
	if !w.everything {
		return where + w.brief(r.Topic, js)
	}
	text := nulls.ReplaceAllString(string(js), "$2")
	return where + " " + strings.ReplaceAll(text, ",}", "}")
}

// brief writes of a value what differs from one record about a request to the next: name=value, without nulls.
func (w *world) brief(topic string, js []byte) string {
	w.t.Helper()
	fields := map[string][]string{
		w.topics.SmartcardCommands(): {"request_number", "attempt", "action", "new_pin", "issued_at", "respond_by"},
		w.topics.Events(): {
			"event_id", "event_type", "command_id", "request_number", "life_cycle_state", "attempt", "due_at",
			"reference_number", "rejected_by", "errors",
		},
		w.topics.State(): {
			"life_cycle_state", "revision", "attempts", "free_attempts", "new_pin", "due_at", "respond_by", "retry_at", "ended_at",
		},
		w.topics.Requests(): {
			"create", "cancel", "result", "command_id", "source", "number", "action", "new_pin", "process_immediately",
			"scheduled_date", "request_number", "attempt", "response_status",
		},
	}
	return w.pick(fields[topic], js)
}

// pick writes the named fields of an object, and of the objects in them.
func (w *world) pick(names []string, js []byte) string {
	w.t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(js, &object); err != nil {
		w.t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range names {
		switch value := object[name]; {
		case len(value) == 0 || slices.Contains([]string{"null", "[]", "false"}, string(value)):
		case value[0] == '{':
			out.WriteString(" " + name + w.pick(names, value))
		default:
			out.WriteString(" " + name + "=" + nulls.ReplaceAllString(strings.Trim(string(value), `"`), "$2"))
		}
	}
	return out.String()
}

func key(k []byte) string {
	switch {
	case k == nil:
		return "(no key)"
	case len(k) > 100:
		return amount(k)
	}
	return string(k)
}

func headers(r *record.Record) string {
	var out strings.Builder
	for _, h := range r.Headers {
		fmt.Fprintf(&out, " %s=%q", strings.TrimPrefix(h.Key, "cardstream."), h.Value)
	}
	return out.String()
}

func amount(b []byte) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprintf("(%d bytes)", len(b))
}

// pins are the PINs of a script, and where none of them may ever be.
type pins [][]byte

func (p *pins) note(digits string) {
	if len(digits) >= 8 && !slices.ContainsFunc(*p, func(b []byte) bool { return string(b) == digits }) {
		*p = append(*p, []byte(digits))
	}
}

// check holds that a PIN stands in nothing but smartcard commands, entries, the state of requests that have not ended,
// and in what others wrote themselves: a dead letter's own bytes.
func (p *pins) check(w *world, r *record.Record) {
	w.t.Helper()
	for _, pin := range *p {
		for _, h := range r.Headers {
			if bytes.Contains(h.Value, pin) {
				w.t.Errorf("header %s of %s has a PIN: %s", h.Key, r.TopicPartition(), h.Value)
			}
		}
		if bytes.Contains(r.Key, pin) {
			w.t.Errorf("the key of a record of %s has a PIN: %s", r.TopicPartition(), r.Key)
		}
		if bytes.Contains(r.Value, pin) && !p.allowed(w, r) {
			w.t.Errorf("a record of %s has a PIN: %s", r.TopicPartition(), w.show(r))
		}
	}
}

func (p *pins) allowed(w *world, r *record.Record) bool {
	switch r.Topic {
	case w.topics.SmartcardCommands(), w.topics.Requests(), w.topics.DeadLetters():
		return true
	case w.topics.State():
		request, err := w.schemas.State.Decode(w.t.Context(), r.Value)
		return err == nil && !request.State.Ended()
	}
	return false
}
