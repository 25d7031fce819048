package ledger_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

const (
	commands = "provisioning.commands"
	requests = "provisioning.requests"
	state    = "provisioning.state"
	cards    = "smartcard.commands"
	results  = "smartcard.results"
	events   = "provisioning.events"
	letters  = "provisioning.dead-letters"
)

func asIs(*item) {}

// secrets are rules under which PINs can be searched for.
func secrets(t *testing.T) ledger.Rules {
	t.Helper()
	rules, err := ledger.NewRules("[A-Z]{8}", 0)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestAFaultlessRunHasNoFindings(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, secrets(t))
	w.write(faultless().items)
	report := audited(t, witness)
	if !report.OK() {
		t.Fatalf("findings in a faultless run:\n%s", report)
	}
	c := report.Counts
	if c.Accepted != 4 || c.Rejected != 1 || c.Duplicates != 1 || c.Undecodable != 1 || c.Requests != 4 || c.SmartcardKeys != 2 {
		t.Errorf("counts %+v", c)
	}
	if report.Lateness.Count != 2 || report.CommandToCard.Count != 2 || report.Lateness.P50 <= 0 {
		t.Errorf("lateness %s, command to card %s", report.Lateness, report.CommandToCard)
	}
}

// Each violation is brought into a faultless run by hand, and must be found as what it is.
func TestViolationsAreFound(t *testing.T) {
	missing := func(r *ledger.Report) ledger.Finding { return r.Missing }
	doubled := func(r *ledger.Report) ledger.Finding { return r.Doubled }
	reordered := func(r *ledger.Report) ledger.Finding { return r.Reordered }
	foreign := func(r *ledger.Report) ledger.Finding { return r.Foreign }
	misplaced := func(r *ledger.Report) ledger.Finding { return r.Misplaced }
	tooEarly := func(r *ledger.Report) ledger.Finding { return r.Early }
	differing := func(r *ledger.Report) ledger.Finding { return r.Differing }
	illegal := func(r *ledger.Report) ledger.Finding { return r.Illegal }
	leaked := func(r *ledger.Report) ledger.Finding { return r.Leaked }

	set := func(name string, value any) func(*item) { return func(i *item) { i.value[name] = value } }
	elsewhere := func(i *item) { i.partition = (i.partition + 1) % partitions }

	for name, c := range map[string]struct {
		spoil func(*scene)
		found func(*ledger.Report) ledger.Finding
	}{
		"no REQUEST_PENDING":      {func(s *scene) { s.drop(events, "c-2", "REQUEST_PENDING") }, missing},
		"no REQUEST_SENT":         {func(s *scene) { s.drop(events, "c-2", "REQUEST_SENT") }, missing},
		"no REQUEST_COMPLETED":    {func(s *scene) { s.drop(events, "c-2", "REQUEST_COMPLETED") }, missing},
		"no smartcard command":    {func(s *scene) { s.drop(cards, "c-2", "") }, missing},
		"no COMMAND_REJECTED":     {func(s *scene) { s.drop(events, "c-4", "COMMAND_REJECTED") }, missing},
		"no COMMAND_DUPLICATE":    {func(s *scene) { s.drop(events, "c-1", "COMMAND_DUPLICATE") }, missing},
		"no entry":                {func(s *scene) { s.drop(requests, "c-5", "") }, missing},
		"no state":                {func(s *scene) { s.drop(state, "c-5", "PENDING"); s.drop(state, "c-5", "COMPLETED") }, missing},
		"no dead letter":          {func(s *scene) { s.items = s.items[:len(s.items)-1] }, missing},
		"nothing of a command":    {func(s *scene) { s.command(call{id: "c-9", serial: "300", pin: "SECRETXX"}) }, missing},
		"REQUEST_PENDING twice":   {func(s *scene) { s.again(events, "c-5", "REQUEST_PENDING", asIs) }, doubled},
		"REQUEST_SENT twice":      {func(s *scene) { s.again(events, "c-5", "REQUEST_SENT", asIs) }, doubled},
		"REQUEST_COMPLETED twice": {func(s *scene) { s.again(events, "c-5", "REQUEST_COMPLETED", asIs) }, doubled},
		"COMMAND_REJECTED twice":  {func(s *scene) { s.again(events, "c-4", "COMMAND_REJECTED", asIs) }, doubled},
		"COMMAND_DUPLICATE twice": {func(s *scene) { s.again(events, "c-1", "COMMAND_DUPLICATE", asIs) }, doubled},
		"smartcard command twice": {func(s *scene) { s.again(cards, "c-5", "", asIs) }, doubled},
		"entry twice":             {func(s *scene) { s.again(requests, "c-5", "", asIs) }, doubled},
		"dead letter twice":       {func(s *scene) { s.items = append(s.items, s.items[len(s.items)-1]) }, doubled},
		"event id twice": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_SENT", set("event_id", "event 1"))
		}, doubled},
		"two requests for one number": {func(s *scene) {
			s.change(events, "c-2", "REQUEST_PENDING", set("request_number", opt("string", s.numbers["c-1"])))
		}, doubled},
		"created in another order":   {func(s *scene) { s.swap(events, "c-2", "REQUEST_PENDING", "c-3", "REQUEST_PENDING") }, reordered},
		"entered in another order":   {func(s *scene) { s.swap(requests, "c-2", "", "c-3", "") }, reordered},
		"sent in another order":      {func(s *scene) { s.swap(events, "c-2", "REQUEST_SENT", "c-3", "REQUEST_SENT") }, reordered},
		"smartcard commands swapped": {func(s *scene) { s.swap(cards, "c-2", "", "c-3", "") }, reordered},
		"sent before the end of the one before": {func(s *scene) {
			s.swap(events, "c-3", "REQUEST_COMPLETED", "c-2", "REQUEST_SENT")
		}, reordered},
		"event of no command": {func(s *scene) {
			s.again(events, "c-5", "REQUEST_PENDING", set("command_id", "c-77"))
		}, foreign},
		"event of an unknown type": {func(s *scene) {
			s.again(events, "c-5", "REQUEST_SENT", set("event_type", "REQUEST_FORGOTTEN"))
		}, foreign},
		"event under an unknown key": {func(s *scene) {
			s.again(events, "c-4", "COMMAND_REJECTED", func(i *item) {
				i.key, i.value["smartcard_identifier"] = "serial_number:999", nil
			})
		}, foreign},
		"smartcard command of an unknown request": {func(s *scene) {
			s.again(cards, "c-5", "", set("request_number", "0-4711"))
		}, foreign},
		"entry of no command": {func(s *scene) {
			s.again(requests, "c-5", "", func(i *item) { i.key = "serial_number:999"; i.partition = partitionOf(i.key) })
		}, foreign},
		"state of no request": {func(s *scene) {
			s.again(state, "c-5", "COMPLETED", func(i *item) {
				i.key, i.partition = "2-4711", 2
				i.value["number"] = "2-4711"
			})
		}, foreign},
		"dead letter of a good command": {func(s *scene) {
			letter := s.items[len(s.items)-1]
			letter.headers = map[string]string{
				"cardstream.source.topic": "test.provisioning.commands", "cardstream.source.partition": "1",
				"cardstream.source.offset": "4711",
			}
			s.items = append(s.items, letter)
		}, foreign},
		"dead letter from nowhere": {func(s *scene) {
			s.items = append(s.items, item{topic: letters, raw: []byte("x")})
		}, foreign},
		"bytes that are no event": {func(s *scene) {
			s.items = append(s.items, item{topic: events, key: "serial_number:100", raw: []byte("x")})
		}, foreign},
		"event in another partition":             {func(s *scene) { s.change(events, "c-4", "COMMAND_REJECTED", elsewhere) }, misplaced},
		"smartcard command in another partition": {func(s *scene) { s.change(cards, "c-5", "", elsewhere) }, misplaced},
		"entry in another partition":             {func(s *scene) { s.change(requests, "c-5", "", elsewhere) }, misplaced},
		"state in another partition":             {func(s *scene) { s.change(state, "c-5", "COMPLETED", elsewhere) }, misplaced},
		"event under another card's key": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_SENT", func(i *item) { i.key = "serial_number:100" })
		}, misplaced},
		"REQUEST_SENT before it is due": {func(s *scene) {
			s.change(events, "c-2", "REQUEST_SENT", set("occurred_at", millis(s.base+39)))
		}, tooEarly},
		"smartcard command before it is due": {func(s *scene) {
			s.change(cards, "c-2", "", set("issued_at", millis(s.base+39)))
		}, tooEarly},
		"smartcard command arrives before it is due": {func(s *scene) {
			hour := call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: 3_600_000}
			s.accept(hour)
			s.send(hour)
		}, tooEarly},
		"due at another time": {func(s *scene) {
			s.change(events, "c-2", "REQUEST_PENDING", set("due_at", optMillis(s.base+41)))
		}, differing},
		"another PIN": {func(s *scene) { s.change(cards, "c-5", "", set("new_pin", opt("string", "SECRETAA"))) }, differing},
		"another action": {func(s *scene) {
			s.change(cards, "c-5", "", func(i *item) { i.value["action"], i.value["new_pin"] = "RESET_PIN", nil })
		}, differing},
		"a respond_by without results": {func(s *scene) { s.change(cards, "c-5", "", set("respond_by", optMillis(1))) }, differing},
		"an event with another subscription": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_SENT", set("subscription_identifier", nil))
		}, differing},
		"other errors": {func(s *scene) {
			s.change(events, "c-4", "COMMAND_REJECTED", set("errors", []any{}))
		}, differing},
		"a duplicate said to differ": {func(s *scene) {
			s.change(events, "c-1", "COMMAND_DUPLICATE", set("errors",
				[]any{map[string]any{"code": "DUPLICATE_DIFFERS", "field": nil, "message": "m"}}))
		}, differing},
		"a duplicate of another request": {func(s *scene) {
			s.change(events, "c-1", "COMMAND_DUPLICATE", set("request_number", opt("string", s.numbers["c-2"])))
		}, differing},
		"a number that is not the entry's place": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_PENDING", set("request_number", opt("string", "2-4711")))
		}, differing},
		"a state that the events do not tell": {func(s *scene) { s.drop(state, "c-5", "COMPLETED") }, differing},
		"a dead letter with another code": {func(s *scene) {
			s.items[len(s.items)-1].headers["cardstream.error.code"] = "UNDECODABLE"
		}, differing},
		"a dead letter with other bytes": {func(s *scene) { s.items[len(s.items)-1].raw = []byte("x") }, differing},
		"created before the command": {func(s *scene) {
			for i := range s.items {
				s.items[i].at += 5
			}
		}, differing},
		"completed before it is sent": {func(s *scene) {
			s.swap(events, "c-5", "REQUEST_SENT", "c-5", "REQUEST_COMPLETED")
		}, illegal},
		"a second attempt without results": {func(s *scene) {
			s.again(events, "c-5", "REQUEST_SENT", set("attempt", opt("int", int32(2))))
		}, illegal},
		"rejected without results": {func(s *scene) {
			s.again(events, "c-5", "REQUEST_COMPLETED", func(i *item) {
				i.value["event_type"], i.value["life_cycle_state"] = "REQUEST_REJECTED", opt("string", "REJECTED")
			})
		}, illegal},
		"a state that is not the event's": {func(s *scene) {
			s.change(events, "c-5", "REQUEST_SENT", set("life_cycle_state", opt("string", "PENDING")))
		}, illegal},
		"created_at runs backwards": {func(s *scene) {
			s.change(events, "c-1", "REQUEST_PENDING", set("created_at", optMillis(s.base+1)))
		}, illegal},
		"a duplicate before its request": {func(s *scene) {
			s.swap(events, "c-1", "COMMAND_DUPLICATE", "c-1", "REQUEST_PENDING")
		}, illegal},
		"a PIN in an event": {func(s *scene) {
			s.change(events, "c-4", "COMMAND_REJECTED", set("reference_number", opt("string", "got SECRETBB")))
		}, leaked},
		"a PIN in a dead letter's header": {func(s *scene) {
			s.items[len(s.items)-1].headers["cardstream.error.message"] = "bad PIN SECRETBB"
		}, leaked},
		"a PIN in the state after the end": {func(s *scene) {
			s.change(state, "c-5", "COMPLETED", set("new_pin", opt("string", "SECRETEE")))
		}, leaked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			witness := w.witness(ledger.Mode{}, secrets(t))
			s := faultless()
			c.spoil(s)
			w.write(s.items)
			if report := audited(t, witness); c.found(report).Count == 0 {
				t.Fatalf("not found:\n%s", report)
			}
		})
	}
}

// What was aborted is not there, however much it looks like a second smartcard command; its markers are counted.
func TestAbortedRecordsAreCountedApart(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, secrets(t))
	s := faultless()
	w.write(s.items)
	again := s.items[s.find(cards, "c-5", "")]
	w.writeIn(kgo.TryAbort, []item{again})
	report := audited(t, witness)
	if !report.OK() {
		t.Fatalf("findings:\n%s", report)
	}
	if report.AbortMarkers[cards] != 1 || report.AbortedTransactions != 1 {
		t.Errorf("%d abort markers, %d aborted transactions, want one each", report.AbortMarkers[cards], report.AbortedTransactions)
	}
	w.writeIn(kgo.TryCommit, []item{again})
	if report := audited(t, witness); report.Doubled.Count != 1 || report.AbortedTransactions != 1 {
		t.Errorf("the committed one is doubled once:\n%s", report)
	}
}
