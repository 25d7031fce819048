package handlers_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"

	"cardstream/internal/scripttest"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// The scripts of testdata say what every record leads to: each record that is written, in order, over the real schemas
// and the real store.
func TestHandlers(t *testing.T) {
	scripttest.Each(t, "testdata", func(t *testing.T, path string) {
		scripttest.Run(t, path, openWorld(t, noMishap).do)
	})
}

// Whatever befalls the process between any two steps, or in them, the same comes out.
func TestHandlersThroughMishaps(t *testing.T) {
	for name, m := range map[string]mishap{
		"disk kept": diskKept, "disk lost": diskLost, "crash before apply": beforeApply, "crash before commit": beforeCommit,
	} {
		t.Run(name, func(t *testing.T) {
			scripttest.Each(t, "testdata", func(t *testing.T, path string) {
				scripttest.Check(t, path, openWorld(t, m).do)
			})
		})
	}
}

// do is the scripts' interpreter. The word before the first space is the verb.
func (w *world) do(t *testing.T, line string) []string {
	verb, rest, _ := strings.Cut(line, " ")
	if out, ok := w.steer(t, verb, line); ok {
		return out
	}
	switch verb {
	case "policy": // results=on timeout=1m attempts=3 retention=7d in-flight=0 hold-after=0; key=…: the digester's
		w.policy(scripttest.Split(line))
		return nil
	case "wait": // and a duration: only the clock moves, also backwards
		w.now = w.now.Add(scripttest.Duration(t, rest))
		return nil
	case "command", "result": // as a line of JSON: intake reads it, then every partition takes a step without waking
		return append(w.read(w.record(verb, rest)), w.step(0)...)
	case "pile": // a command as a line of JSON: intake reads it, and no partition takes a step
		return w.read(w.record("command", rest))
	case "wake": // every partition takes a step, and wakes what is due; limit=100: at most so many at once; behind=10ms: was due then
		words := scripttest.Split(line)
		defer words.Done(t)
		w.behind = words.Duration(t, "behind", 0)
		limit, err := strconv.Atoi(words.Text("limit", "100"))
		if err != nil {
			t.Fatal(err)
		}
		return append(w.step(limit), w.nextWakes()...)
	case "bad": // topic=commands, value=…: bytes that are none of what belongs there
		return append(w.read(w.bad(scripttest.Split(line))), w.step(0)...)
	case "misplaced": // a value in provisioning.requests that intake did not write
		w.append(record.Record{Topic: w.topics.Requests(), Partition: 1, Key: []byte("k"), Value: []byte(rest)})
		return w.step(0)
	case "reread": // partition 0 and 1 from their beginning, as somebody may set a group's offset back
		for _, d := range w.dispatch {
			d.position = 0
		}
		return w.step(0)
	case "show": // everything: whole records from here on
		w.everything = rest == "everything"
		return nil
	case "metrics":
		return w.metrics()
	}
	t.Fatalf("unknown verb in %q", line)
	return nil
}

func (w *world) policy(words scripttest.Words) {
	p := &w.config.Policy
	p.Results = words.Text("results", "off") == "on"
	p.Timeout = words.Duration(w.t, "timeout", p.Timeout)
	p.Retention = words.Duration(w.t, "retention", p.Retention)
	number := func(name string, otherwise int64) int64 {
		n, err := strconv.ParseInt(words.Text(name, strconv.FormatInt(otherwise, 10)), 10, 32)
		if err != nil {
			w.t.Fatal(err)
		}
		return n
	}
	p.Attempts = int32(number("attempts", int64(p.Attempts)))
	p.InFlight = number("in-flight", p.InFlight)
	p.HoldAfter = int32(number("hold-after", int64(p.HoldAfter)))
	w.config.Digester = provisioning.NewDigester([]byte(words.Text("key", "")))
	words.Done(w.t)
	w.restart(false)
}

// record is a line of JSON as the record that its sender would write.
func (w *world) record(verb, line string) record.Record {
	w.t.Helper()
	if verb == "result" {
		return record.Record{Topic: w.topics.SmartcardResults(), Partition: 1, Key: []byte("adapter"), Value: w.result(line)}
	}
	parsed, err := schemas.ParseCommandLine([]byte(line), schemas.LineDefaults{Source: "crm", OccurredAt: w.now, Now: w.now})
	if err != nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	if s := parsed.Command.SetUserParameters; s != nil && s.NewPIN != nil {
		w.pins.note(s.NewPIN.Reveal())
	}
	value, err := w.schemas.Command.Append(nil, &parsed.Command)
	if err != nil {
		w.t.Fatal(err)
	}
	return record.Record{Topic: w.topics.Commands(), Partition: 1, Key: []byte("crm"), Value: value}
}

func (w *world) result(line string) []byte {
	w.t.Helper()
	var r struct {
		RequestNumber    string  `json:"request_number"`
		Attempt          int32   `json:"attempt"`
		Status           string  `json:"response_status"`
		Retryable        bool    `json:"retryable"`
		ReferenceNumber  *string `json:"reference_number"`
		ErrorCode        *string `json:"error_code"`
		ErrorDescription *string `json:"error_description"`
		RetryAfter       *int64  `json:"retry_after_ms"`
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	value, err := w.schemas.Result.Append(nil, &provisioning.Result{
		RequestNumber: r.RequestNumber, Attempt: r.Attempt, Status: provisioning.ResponseStatus(r.Status),
		Retryable: r.Retryable, ReferenceNumber: r.ReferenceNumber, ErrorCode: r.ErrorCode,
		ErrorDescription: r.ErrorDescription, RetryAfter: r.RetryAfter, RespondedAt: w.now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

// good is a command to be spoilt.
const good = `{"command_id": "bad", "subscription_identifier": {"number": "S-1"},
	"smartcard_identifier": {"serial_number": "019"}, "new_pin": "SPOILTPN"}`

// bad is a record that cannot be used, or not as what it is.
func (w *world) bad(words scripttest.Words) record.Record {
	w.t.Helper()
	defer words.Done(w.t)
	value := w.record("command", good).Value
	switch what := words.Text("value", ""); what {
	case "null":
		value = nil
	case "truncated":
		value = value[:len(value)-1]
	case "trailing":
		value = append(value, 0)
	case "unknown-schema":
		value[1] = 0x7f
	case "other-record": // decodes, but is no command and no result
		event := provisioning.Event{ID: "e", Type: "SPOILTPN"}
		var err error
		if value, err = w.schemas.Event.Append(nil, &event); err != nil {
			w.t.Fatal(err)
		}
	case "large": // a good header, and more than a dead letter can hold
		value = append(value, make([]byte, 1<<20)...)
	case "command":
	default:
		var err error
		if value, err = hex.DecodeString(what); err != nil {
			w.t.Fatal(err)
		}
	}
	topic := map[string]string{"commands": w.topics.Commands(), "results": w.topics.SmartcardResults()}
	r := record.Record{Topic: topic[words.Text("topic", "")], Partition: 1, Key: []byte("k"), Value: value}
	if words.Has("large-key") {
		r.Key = bytes.Repeat([]byte("k"), 1<<20)
	}
	for _, key := range strings.FieldsFunc(words.Text("headers", ""), func(r rune) bool { return r == ',' }) {
		r.Headers = append(r.Headers, record.Header{Key: key, Value: []byte("v")})
	}
	if words.Has("large-header") {
		r.Headers = append(r.Headers, record.Header{Key: "large", Value: bytes.Repeat([]byte("v"), 1<<20)})
	}
	return r
}

// metrics are the counters and gauges that are not zero, and how much the histograms have seen.
func (w *world) metrics() []string {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			w.t.Fatal(err)
		}
	}
	for line := range strings.Lines(text.String()) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && !strings.HasSuffix(line, " 0") &&
			!strings.Contains(line, "_bucket{") {
			out = append(out, line)
		}
	}
	for _, pin := range w.pins {
		if bytes.Contains(text.Bytes(), pin) {
			w.t.Errorf("the metrics have a PIN: %s", pin)
		}
	}
	return out
}
