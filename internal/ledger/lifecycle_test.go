package ledger_test

import (
	"testing"

	"cardstream/internal/ledger"
)

// attempt writes a smartcard command of an attempt, and its REQUEST_SENT.
func (s *scene) attempt(c call, attempt int32) {
	s.card(c, s.numbers[c.id], attempt, optMillis(s.base+1000))
	s.event(c, "REQUEST_SENT", "SENT", s.numbers[c.id])
	s.last()["attempt"] = opt("int", attempt)
}

// last returns the value of the last item.
func (s *scene) last() map[string]any { return s.items[len(s.items)-1].value }

// answer writes the headend's result for an attempt.
func (s *scene) answer(c call, attempt int32, status string) {
	s.add(item{topic: "smartcard.results", value: map[string]any{
		"request_number": s.numbers[c.id], "attempt": attempt, "response_status": status, "retryable": true,
		"reference_number": nil, "error_code": nil, "error_description": nil, "retry_after_ms": nil,
		"responded_at": millis(s.base),
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

// answered is a scene with results: a retry that succeeds, a refusal, a time-out that is accepted late, two cancels of
// one request, and one of none.
func answered() *scene {
	s := newScene()
	s.accept(first)
	s.attempt(first, 1)
	s.answer(first, 1, "REJECTED")
	s.accept(early)
	s.attempt(first, 2)
	s.answer(first, 2, "ACCEPTED")
	s.finish(first, "REQUEST_COMPLETED", "COMPLETED", nil)
	s.attempt(early, 1)
	s.answer(early, 1, "REJECTED")
	s.finish(early, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))

	s.accept(other)
	s.attempt(other, 1)
	s.finish(other, "REQUEST_REJECTED", "REJECTED", rejecter("TIMEOUT"))
	s.answer(other, 1, "ACCEPTED")
	s.finish(other, "REQUEST_COMPLETED", "COMPLETED", nil)

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
	witness := w.witness(ledger.Mode{Results: true}, secrets(t))
	w.write(answered().items)
	if report := audited(t, witness); !report.OK() || report.Counts.Requests != 4 || report.Counts.Cancels != 2 {
		t.Fatalf("a faultless run:\n%s", report)
	}
	if number, known := witness.RequestNumber(first.command()); !known || number != answered().numbers[first.id] {
		t.Errorf("number %q, known %v", number, known)
	}
	if witness.Busy() {
		t.Error("all is done, and the witness says busy")
	}
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
	illegal := func(r *ledger.Report) ledger.Finding { return r.Illegal }
	differing := func(r *ledger.Report) ledger.Finding { return r.Differing }
	for name, c := range map[string]struct {
		spoil func(*scene)
		found func(*ledger.Report) ledger.Finding
	}{
		"accepted, and not completed": {func(s *scene) { s.drop(events, "c-5", "REQUEST_COMPLETED") }, missing},
		"no end": {func(s *scene) {
			next := call{id: "c-9", serial: "300", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1)
		}, missing},
		"completed, and never accepted": {func(s *scene) {
			next := call{id: "c-9", serial: "300", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1)
			s.finish(next, "REQUEST_COMPLETED", "COMPLETED", nil)
		}, foreign},
		"rejected, and never refused": {func(s *scene) {
			next := call{id: "c-9", serial: "300", pin: "SECRETXX"}
			s.accept(next)
			s.attempt(next, 1)
			s.finish(next, "REQUEST_REJECTED", "REJECTED", rejecter("HEADEND"))
		}, foreign},
		"an attempt twice":               {func(s *scene) { s.again(cards, "c-3", "", asIs) }, doubled},
		"an attempt sent twice":          {func(s *scene) { s.again(events, "c-3", "REQUEST_SENT", asIs) }, doubled},
		"completed twice":                {func(s *scene) { s.again(events, "c-5", "REQUEST_COMPLETED", asIs) }, doubled},
		"an attempt left out":            {func(s *scene) { s.drop(cards, "c-1", "") }, missing},
		"no respond_by":                  {func(s *scene) { s.change(cards, "c-1", "", func(i *item) { i.value["respond_by"] = nil }) }, differing},
		"sent while the card is busy":    {func(s *scene) { s.swap(events, "c-1", "REQUEST_COMPLETED", "c-3", "REQUEST_SENT") }, reordered},
		"sent after it was cancelled":    {func(s *scene) { s.attempt(late, 1) }, illegal},
		"cancelled twice":                {func(s *scene) { s.again(events, "x-1", "REQUEST_CANCELLED", asIs) }, doubled},
		"no outcome of a cancel":         {func(s *scene) { s.drop(events, "x-2", "COMMAND_REJECTED") }, missing},
		"no outcome of a cancel of none": {func(s *scene) { s.drop(events, "x-3", "COMMAND_REJECTED") }, missing},
		"an outcome of a cancel twice":   {func(s *scene) { s.again(events, "x-2", "COMMAND_REJECTED", asIs) }, doubled},
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
			witness := w.witness(ledger.Mode{Results: true}, secrets(t))
			s := answered()
			c.spoil(s)
			w.write(s.items)
			if report := audited(t, witness); c.found(report).Count == 0 {
				t.Fatalf("not found:\n%s", report)
			}
		})
	}
}
