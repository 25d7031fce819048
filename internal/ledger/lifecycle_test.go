package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardstream/internal/ledger"
)

// sought is the mode of the scenes with results: a second to answer, two attempts.
var sought = ledger.Mode{Results: true, Timeout: time.Second, Attempts: 2}

// attempt writes a smartcard command of an attempt so many milliseconds after base, and its REQUEST_SENT.
func (s *scene) attempt(c call, attempt int32, at int64) {
	s.card(c, s.numbers[c.id], attempt, optMillis(s.base+at+1000))
	s.last()["issued_at"] = millis(s.base + at)
	s.items[len(s.items)-1].at = s.base + at
	s.event(c, "REQUEST_SENT", "SENT", s.numbers[c.id])
	s.last()["attempt"], s.last()["occurred_at"] = opt("int", attempt), millis(s.base+at)
}

// last returns the value of the last item.
func (s *scene) last() map[string]any { return s.items[len(s.items)-1].value }

// answer writes the headend's result for an attempt at a moment, ACCEPTED, REJECTED or RETRYABLE, and its entry.
func (s *scene) answer(c call, attempt int32, word string, at int64) {
	s.result(s.numbers[c.id], attempt, word, at, nil)
	s.routed()
}

// result writes a result alone.
func (s *scene) result(number string, attempt int32, word string, at int64, pause any) {
	status := word
	if word == "RETRYABLE" {
		status = "REJECTED"
	}
	s.add(item{topic: results, at: s.base + at, value: map[string]any{
		"request_number": number, "attempt": attempt, "response_status": status, "retryable": word == "RETRYABLE",
		"reference_number": nil, "error_code": nil, "error_description": nil, "retry_after_ms": pause,
		"responded_at": millis(s.base),
	}})
}

// routed writes the entry of the result written last, as intake routes it.
func (s *scene) routed() {
	from := s.items[len(s.items)-1]
	value := maps.Clone(from.value)
	value["origin"] = map[string]any{
		"topic": "test." + results, "partition": from.partition, "offset": from.offset, "timestamp": millis(from.at),
		"key": nil, "value": nil,
	}
	text, _, _ := strings.Cut(value["request_number"].(string), "-")
	partition, _ := strconv.Atoi(text)
	s.add(item{topic: requests, partition: int32(partition), key: "any", value: map[string]any{
		"create": nil, "cancel": nil, "result": opt("cardstream.v1.ResultEntry", value),
	}})
}

// resultLetter writes the dead letter of the result that stands at an offset.
func (s *scene) resultLetter(offset int64, code string) {
	s.add(item{topic: letters, raw: []byte("x"), headers: map[string]string{
		"cardstream.error.code": code, "cardstream.error.message": "why",
		"cardstream.source.topic": "test." + results, "cardstream.source.partition": "0",
		"cardstream.source.offset": fmt.Sprint(offset), "cardstream.source.timestamp": "0",
	}})
}

// finish writes the end of a request.
func (s *scene) finish(c call, kind, to string, by any) {
	s.event(c, kind, to, s.numbers[c.id])
	s.last()["rejected_by"] = by
	s.state(c, to, s.numbers[c.id], nil)
}

// cancel writes a cancel of a request; its outcome is the caller's to write.
func (s *scene) cancel(id, number string) {
	s.add(item{topic: commands, value: map[string]any{
		"command_id": id, "occurred_at": millis(s.base), "source": "crm",
		"command": opt("cardstream.v1.CancelRequest", map[string]any{"number": number}),
	}})
}

func rejecter(by string) any { return opt("cardstream.v1.Rejecter", by) }

// pausing is a card whose headend asks for a pause.
var pausing = call{id: "c-6", serial: "300", pin: "SECRETFF"}

// answered is a scene with results: a retry that succeeds, a refusal, a time-out that is accepted late, a pause that the
// headend asks for, two cancels of one request, and one of none; results that become dead letters.
func answered() *scene {
	s := newScene()
	s.accept(first)
	s.attempt(first, 1, 0)
	s.answer(first, 1, "RETRYABLE", 10)
	s.accept(early)
	s.attempt(first, 2, 1010)
	s.answer(first, 2, "ACCEPTED", 1020)
	s.finish(first, "REQUEST_COMPLETED", "COMPLETED", nil)
	s.attempt(early, 1, 1020)
	s.answer(early, 1, "REJECTED", 1030)
	s.finish(early, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))

	s.accept(other)
	s.attempt(other, 1, 0)
	s.attempt(other, 2, 2000)
	s.finish(other, "REQUEST_REJECTED", "REJECTED", rejecter("TIMEOUT"))
	s.items[s.find(events, other.id, "REQUEST_REJECTED")].value["occurred_at"] = millis(s.base + 3000)
	s.answer(other, 1, "ACCEPTED", 3100)
	s.finish(other, "REQUEST_COMPLETED", "COMPLETED", nil)

	s.accept(pausing)
	s.attempt(pausing, 1, 0)
	s.result(s.numbers[pausing.id], 1, "RETRYABLE", 100, opt("long", int64(1500)))
	s.routed()
	s.attempt(pausing, 2, 1600)
	s.answer(pausing, 2, "RETRYABLE", 1700)
	s.attempt(pausing, 3, 2700)
	s.answer(pausing, 3, "RETRYABLE", 2800)
	s.finish(pausing, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))

	s.result("0-4711", 1, "ACCEPTED", 0, nil)
	s.routed()
	s.resultLetter(7, "REQUEST_UNKNOWN")
	s.result(s.numbers[first.id], 3, "ACCEPTED", 0, nil)
	s.routed()
	s.resultLetter(8, "ATTEMPT_UNKNOWN")
	s.result("none", 1, "ACCEPTED", 0, nil)
	s.resultLetter(9, "REQUEST_UNKNOWN")
	s.add(item{topic: results, raw: []byte("x")})
	s.resultLetter(10, "NOT_WIRE_FORMAT")

	s.accept(late)
	number := s.numbers[late.id]
	s.cancel("x-1", number)
	s.finish(late, "REQUEST_CANCELLED", "CANCELLED", nil)
	s.event2("REQUEST_CANCELLED", "x-1")
	s.cancel("x-2", number)
	s.event(call{id: "x-2", serial: late.serial, pin: late.pin}, "COMMAND_REJECTED", "CANCELLED", number, "REQUEST_NOT_PENDING")
	s.cancel("x-3", "0-4711")
	s.event(call{id: "x-3"}, "COMMAND_REJECTED", "", "0-4711", "REQUEST_UNKNOWN")
	orphan := &s.items[len(s.items)-1]
	orphan.key, orphan.value["smartcard_identifier"], orphan.value["life_cycle_state"] = "x-3", nil, nil
	return s
}

// event2 gives the last event of a type to the command with this id: a cancel names itself.
func (s *scene) event2(kind, id string) {
	for i := range s.items {
		if s.items[i].topic == events && s.items[i].value["event_type"] == kind {
			s.items[i].value["command_id"] = id
		}
	}
}

func TestAFaultlessRunWithResultsHasNoFindings(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(sought, secrets(t))
	w.write(answered().items)
	if report := audited(t, witness); !report.OK() || report.Counts.Requests != 5 || report.Counts.Cancels != 2 {
		t.Fatalf("a faultless run:\n%s", report)
	}
	if number, known := witness.RequestNumber(first.command()); !known || number != answered().numbers[first.id] {
		t.Errorf("number %q, known %v", number, known)
	}
	if witness.Busy() {
		t.Error("all is done, and the witness says busy")
	}
}

// issue moves an attempt's smartcard command to another moment.
func (s *scene) issue(id string, attempt int32, at int64) {
	for i := range s.items {
		if v := s.items[i].value; s.items[i].topic == cards && v["request_number"] == s.numbers[id] && v["attempt"] == attempt {
			v["issued_at"], v["respond_by"] = millis(s.base+at), optMillis(s.base+at+1000)
		}
	}
}

func (s *scene) dropAt(index int) { s.items = slices.Delete(s.items, index, index+1) }

// entryOf returns the index of the entry of the result at an offset.
func (s *scene) entryOf(offset int64) int {
	return slices.IndexFunc(s.items, func(i item) bool {
		result, _ := i.value["result"].(map[string]any)
		entry, _ := result["cardstream.v1.ResultEntry"].(map[string]any)
		from, _ := entry["origin"].(map[string]any)
		return from["offset"] == offset
	})
}

// origin is the result of an entry as if it had stood at another offset.
func origin(entry item, offset int64) any {
	value := maps.Clone(entry.value["result"].(map[string]any)["cardstream.v1.ResultEntry"].(map[string]any))
	from := maps.Clone(value["origin"].(map[string]any))
	from["offset"] = offset
	value["origin"] = from
	return opt("cardstream.v1.ResultEntry", value)
}

// letterOf returns the index of the dead letter of the result at an offset.
func (s *scene) letterOf(offset int64) int {
	return slices.IndexFunc(s.items, func(i item) bool {
		return i.topic == letters && i.headers["cardstream.source.offset"] == fmt.Sprint(offset)
	})
}

// command is the call as the ledger's own command.
func (c call) command() *ledger.Command {
	return &ledger.Command{ID: c.id, Source: "crm", SetUserParameters: &ledger.SetUserParameters{
		Smartcard: ledger.Smartcard{SerialNumber: ledger.Some(c.serial)},
	}}
}

func TestViolationsOfTheLifeCycleAreFound(t *testing.T) {
	missing := func(r *ledger.Report) ledger.Finding { return r.Missing }
	doubled := func(r *ledger.Report) ledger.Finding { return r.Doubled }
	reordered := func(r *ledger.Report) ledger.Finding { return r.Reordered }
	foreign := func(r *ledger.Report) ledger.Finding { return r.Foreign }
	misplaced := func(r *ledger.Report) ledger.Finding { return r.Misplaced }
	tooEarly := func(r *ledger.Report) ledger.Finding { return r.Early }
	illegal := func(r *ledger.Report) ledger.Finding { return r.Illegal }
	differing := func(r *ledger.Report) ledger.Finding { return r.Differing }
	for name, c := range map[string]struct {
		spoil func(*scene)
		found func(*ledger.Report) ledger.Finding
	}{
		"accepted, and not completed": {func(s *scene) { s.drop(events, "c-5", "REQUEST_COMPLETED") }, missing},
		"no end": {func(s *scene) {
			next := call{id: "c-9", serial: "900", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1, 0)
		}, missing},
		"completed, and never accepted": {func(s *scene) {
			next := call{id: "c-9", serial: "900", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1, 0)
			s.finish(next, "REQUEST_COMPLETED", "COMPLETED", nil)
		}, foreign},
		"rejected, and never refused": {func(s *scene) {
			next := call{id: "c-9", serial: "900", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1, 0)
			s.finish(next, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))
		}, foreign},
		"an attempt twice":               {func(s *scene) { s.again(cards, "c-3", "", asIs) }, doubled},
		"an attempt sent twice":          {func(s *scene) { s.again(events, "c-3", "REQUEST_SENT", asIs) }, doubled},
		"completed twice":                {func(s *scene) { s.again(events, "c-5", "REQUEST_COMPLETED", asIs) }, doubled},
		"an attempt left out":            {func(s *scene) { s.drop(cards, "c-1", "") }, missing},
		"no respond_by":                  {func(s *scene) { s.change(cards, "c-1", "", func(i *item) { i.value["respond_by"] = nil }) }, differing},
		"sent while the card is busy":    {func(s *scene) { s.swap(events, "c-1", "REQUEST_COMPLETED", "c-3", "REQUEST_SENT") }, reordered},
		"sent after it was cancelled":    {func(s *scene) { s.attempt(late, 1, 40) }, illegal},
		"cancelled twice":                {func(s *scene) { s.again(events, "x-1", "REQUEST_CANCELLED", asIs) }, doubled},
		"no outcome of a cancel":         {func(s *scene) { s.drop(events, "x-2", "COMMAND_REJECTED") }, missing},
		"no outcome of a cancel of none": {func(s *scene) { s.drop(events, "x-3", "COMMAND_REJECTED") }, missing},
		"an outcome of a cancel twice":   {func(s *scene) { s.again(events, "x-2", "COMMAND_REJECTED", asIs) }, doubled},
		"a third attempt of two": {func(s *scene) {
			s.drop(events, "c-5", "REQUEST_REJECTED")
			s.attempt(other, 3, 9000)
			s.last()["occurred_at"] = millis(s.base + 9000)
		}, illegal},
		"given up before the last attempt": {func(s *scene) {
			next := call{id: "c-9", serial: "900", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1, 0)
			s.answer(next, 1, "RETRYABLE", 10)
			s.finish(next, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))
		}, illegal},
		"timed out before its respond_by": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_REJECTED", func(i *item) { i.value["occurred_at"] = millis(s.base + 2999) })
		}, tooEarly},
		"an attempt before the back-off of a refusal":  {func(s *scene) { s.issue("c-1", 2, 1009) }, tooEarly},
		"an attempt before the back-off of a time-out": {func(s *scene) { s.issue("c-5", 2, 1999) }, tooEarly},
		"an attempt before the pause is over":          {func(s *scene) { s.issue("c-6", 2, 1599) }, tooEarly},
		"another time to answer": {func(s *scene) {
			s.change(cards, "c-1", "", func(i *item) { i.value["respond_by"] = optMillis(s.base + 1001) })
		}, differing},
		"completed after it was cancelled": {func(s *scene) { s.finish(late, "REQUEST_COMPLETED", "COMPLETED", nil) }, illegal},
		"rejected after it was completed": {func(s *scene) {
			s.finish(first, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))
		}, illegal},
		"a result that is not read": {func(s *scene) { s.dropAt(s.entryOf(2)) }, missing},
		"a result that is read twice": {func(s *scene) {
			s.items = append(s.items, s.items[s.entryOf(2)])
		}, doubled},
		"a result that never was": {func(s *scene) {
			s.items[s.entryOf(2)].value["result"] = origin(s.items[s.entryOf(2)], 4711)
		}, foreign},
		"a result in another partition": {func(s *scene) {
			s.items[s.entryOf(2)].partition = (s.items[s.entryOf(2)].partition + 1) % partitions
		}, misplaced},
		"a result of no request that is read": {func(s *scene) {
			entry := s.items[s.entryOf(2)]
			entry.value = map[string]any{"create": nil, "cancel": nil, "result": origin(entry, 9)}
			s.items = append(s.items, entry)
		}, foreign},
		"no dead letter of a result":      {func(s *scene) { s.dropAt(s.letterOf(7)) }, missing},
		"a dead letter of a result twice": {func(s *scene) { s.resultLetter(7, "REQUEST_UNKNOWN") }, doubled},
		"a dead letter of a good result":  {func(s *scene) { s.resultLetter(2, "ATTEMPT_UNKNOWN") }, foreign},
		"a dead letter of no result":      {func(s *scene) { s.resultLetter(4711, "ATTEMPT_UNKNOWN") }, foreign},
		"another code of a result's letter": {func(s *scene) {
			s.items[s.letterOf(7)].headers["cardstream.error.code"] = "ATTEMPT_UNKNOWN"
		}, differing},
		"a cancel's entry of no command": {func(s *scene) {
			s.add(item{topic: requests, key: "serial_number:100", value: map[string]any{
				"create": nil, "result": nil, "cancel": opt("cardstream.v1.CancelEntry", map[string]any{
					"command_id": "x-9", "source": "crm", "number": "0-1", "appended_at": millis(s.base),
				}),
			}})
		}, foreign},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			witness := w.witness(sought, secrets(t))
			s := answered()
			c.spoil(s)
			w.write(s.items)
			if report := audited(t, witness); c.found(report).Count == 0 {
				t.Fatalf("not found:\n%s", report)
			}
		})
	}
}
