package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// scene is what a faultless cardstream writes for a few commands, record by record, to be spoiled by the tests. It is a
// model by hand of the contract's simplest path, without results.
type scene struct {
	items   []item
	base    int64 // milliseconds; everything happens a few milliseconds after it
	events  int
	counts  map[string]map[int32]int64 // records by topic and partition
	numbers map[string]string          // command id → request number
}

func newScene() *scene {
	return &scene{
		base: time.Now().Add(-time.Minute).UnixMilli(), counts: map[string]map[int32]int64{}, numbers: map[string]string{},
	}
}

var judge = kgo.StickyKeyPartitioner(nil).ForTopic("any")

func partitionOf(key string) int32 {
	return int32(judge.Partition(&kgo.Record{Key: []byte(key)}, partitions))
}

func millis(ms int64) time.Time { return time.UnixMilli(ms) }

func opt(branch string, value any) any { return map[string]any{branch: value} }

func optMillis(ms int64) any { return opt("long.timestamp-millis", millis(ms)) }

// add appends a record and returns its offset.
func (s *scene) add(i item) int64 {
	if s.counts[i.topic] == nil {
		s.counts[i.topic] = map[int32]int64{}
	}
	offset := s.counts[i.topic][i.partition]
	s.counts[i.topic][i.partition]++
	if i.at == 0 {
		i.at = s.base
	}
	i.offset = offset
	s.items = append(s.items, i)
	return offset
}

// call is a command of a scene.
type call struct {
	id, serial, pin string
	dueIn           int64 // milliseconds after base; 0: due at creation
}

func (c call) key() string { return "serial_number:" + c.serial }

func (c call) smartcard() map[string]any {
	return map[string]any{"id": nil, "serial_number": opt("string", c.serial), "alternative_code": nil}
}

func subscription() map[string]any { return map[string]any{"id": nil, "number": opt("string", "S-1")} }

func (s *scene) scheduled(c call) any {
	if c.dueIn == 0 {
		return nil
	}
	return optMillis(s.base + c.dueIn)
}

// command writes the command itself.
func (s *scene) command(c call) {
	s.add(item{topic: "provisioning.commands", partition: partitionOf(c.key()), key: c.key(), value: map[string]any{
		"command_id": c.id, "occurred_at": millis(s.base), "source": "crm",
		"command": opt("cardstream.v1.SetUserParameters", map[string]any{
			"subscription_identifier": subscription(), "smartcard_identifier": c.smartcard(),
			"reset_pin": nil, "new_pin": opt("string", c.pin), "process_immediately": nil, "scheduled_date": s.scheduled(c),
		}),
	}})
}

// entry writes the entry in provisioning.requests, and returns the number that it is.
func (s *scene) entry(c call) string {
	p := partitionOf(c.key())
	offset := s.add(item{topic: "provisioning.requests", partition: p, key: c.key(), value: map[string]any{
		"create": opt("cardstream.v1.CreateEntry", map[string]any{
			"command_id": c.id, "source": "crm", "subscription_identifier": subscription(),
			"smartcard_identifier": c.smartcard(), "action": "SET_PIN", "new_pin": opt("string", c.pin),
			"process_immediately": false, "scheduled_date": s.scheduled(c), "appended_at": millis(s.base),
		}),
		"cancel": nil, "result": nil,
	}})
	return fmt.Sprintf("%d-%d", p, offset)
}

// event writes a life cycle event about a request.
func (s *scene) event(c call, kind, state, number string, codes ...string) {
	s.events++
	due := s.base + max(c.dueIn, 0)
	errors := []any{}
	for _, code := range codes {
		errors = append(errors, map[string]any{"code": code, "field": nil, "message": "m"})
	}
	value := map[string]any{
		"event_id": fmt.Sprintf("event %d", s.events), "event_type": kind, "occurred_at": millis(due), "command_id": c.id,
		"source": "crm", "request_number": opt("string", number), "life_cycle_state": opt("string", state), "attempt": nil,
		"subscription_identifier": opt("cardstream.v1.SubscriptionIdentifier", subscription()),
		"smartcard_identifier":    opt("cardstream.v1.SmartcardIdentifier", c.smartcard()),
		"action":                  opt("cardstream.v1.Action", "SET_PIN"), "process_immediately": opt("boolean", false),
		"scheduled_date": s.scheduled(c), "created_at": optMillis(s.base), "due_at": optMillis(due),
		"executed_date": nil, "reference_number": nil, "rejected_by": nil, "errors": errors,
	}
	if kind == "REQUEST_SENT" || kind == "REQUEST_COMPLETED" {
		value["attempt"] = opt("int", int32(1))
	}
	s.add(item{topic: "provisioning.events", partition: partitionOf(c.key()), key: c.key(), value: value})
}

// state writes the request as it stands.
func (s *scene) state(c call, state, number string, pin any) {
	due := s.base + max(c.dueIn, 0)
	s.add(item{topic: "provisioning.state", partition: partitionOf(c.key()), key: number, value: map[string]any{
		"number": number, "command_id": c.id, "source": "crm", "subscription_identifier": subscription(),
		"smartcard_identifier": c.smartcard(), "smartcard_key": c.key(), "action": "SET_PIN", "new_pin": pin,
		"content_digest": nil, "process_immediately": false, "scheduled_date": s.scheduled(c),
		"command_appended_at": millis(s.base), "created_at": millis(s.base), "due_at": millis(due),
		"updated_at": millis(due), "executed_date": nil, "ended_at": nil, "forget_at": nil, "life_cycle_state": state,
		"revision": int32(0), "attempts": int32(0), "free_attempts": int32(0), "attempt_sent_at": nil, "respond_by": nil,
		"retry_at": nil, "retry_after_sum_ms": int64(0), "reference_number": nil, "headend_silence": int32(0), "rejected_by": nil, "error_code": nil,
		"error_description": nil, "cancel_command_id": nil, "cancel_source": nil,
	}})
}

// card writes a smartcard command.
func (s *scene) card(c call, number string, attempt int32, respondBy any) {
	at := s.base + max(c.dueIn, 0)
	s.add(item{topic: "smartcard.commands", partition: partitionOf(c.key()), key: c.key(), at: at, value: map[string]any{
		"request_number": number, "attempt": attempt, "action": "SET_PIN", "new_pin": opt("string", c.pin),
		"smartcard_identifier": c.smartcard(), "subscription_identifier": subscription(),
		"issued_at": millis(s.base + max(c.dueIn, 0)), "respond_by": respondBy,
	}})
}

// accept writes the command and everything up to REQUEST_PENDING.
func (s *scene) accept(c call) {
	s.command(c)
	number := s.entry(c)
	s.numbers[c.id] = number
	s.event(c, "REQUEST_PENDING", "PENDING", number)
	s.state(c, "PENDING", number, opt("string", c.pin))
}

// send writes the rest of an accepted command's life.
func (s *scene) send(c call) {
	number := s.numbers[c.id]
	s.card(c, number, 1, nil)
	s.event(c, "REQUEST_SENT", "SENT", number)
	s.event(c, "REQUEST_COMPLETED", "COMPLETED", number)
	s.state(c, "COMPLETED", number, nil)
}

// reject writes a command without a PIN, and its rejection.
func (s *scene) reject(c call) {
	s.command(c)
	body := s.items[len(s.items)-1].value["command"].(map[string]any)["cardstream.v1.SetUserParameters"]
	body.(map[string]any)["new_pin"] = nil
	s.event(c, "COMMAND_REJECTED", "", "", "PIN_PARAMETER_MISSING")
	value := s.items[len(s.items)-1].value
	value["request_number"], value["life_cycle_state"] = nil, nil
}

// duplicate writes the command again, and that it is one.
func (s *scene) duplicate(c call) {
	s.command(c)
	s.entry(c)
	s.event(c, "COMMAND_DUPLICATE", "COMPLETED", s.numbers[c.id])
}

// deadLetter writes a command that is none, and its dead letter.
func (s *scene) deadLetter() {
	offset := s.add(item{topic: "provisioning.commands", partition: 0, key: "k", raw: []byte("no wire format")})
	s.add(item{topic: "provisioning.dead-letters", key: "k", raw: []byte("no wire format"), headers: map[string]string{
		"cardstream.error.code": "NOT_WIRE_FORMAT", "cardstream.error.message": "why",
		"cardstream.source.topic": "test.provisioning.commands", "cardstream.source.partition": "0",
		"cardstream.source.offset": fmt.Sprint(offset), "cardstream.source.timestamp": "0",
	}})
}

// The calls of the scene: three for one card, the last of which is due before the second, and one for another card.
var (
	first   = call{id: "c-1", serial: "100", pin: "SECRETAA"}
	late    = call{id: "c-2", serial: "100", pin: "SECRETBB", dueIn: 40}
	early   = call{id: "c-3", serial: "100", pin: "SECRETCC", dueIn: 20}
	invalid = call{id: "c-4", serial: "100", pin: "SECRETDD"}
	other   = call{id: "c-5", serial: "200", pin: "SECRETEE"}
)

// faultless is the whole scene.
func faultless() *scene {
	s := newScene()
	s.accept(first)
	s.send(first)
	s.accept(late)
	s.accept(early)
	s.reject(invalid)
	s.send(early)
	s.send(late)
	s.duplicate(first)
	s.accept(other)
	s.send(other)
	s.deadLetter()
	return s
}

// find returns the index of the n-th (from 0) item of a topic that a command's id or event type names.
func (s *scene) find(topic, id, kind string) int {
	return slices.IndexFunc(s.items, func(i item) bool {
		if i.topic != topic {
			return false
		}
		switch topic {
		case "provisioning.events":
			return i.value["command_id"] == id && i.value["event_type"] == kind
		case "smartcard.commands":
			return i.value["request_number"] == s.numbers[id]
		case "provisioning.requests":
			create, _ := i.value["create"].(map[string]any)
			entry, _ := create["cardstream.v1.CreateEntry"].(map[string]any)
			return entry["command_id"] == id
		case "provisioning.state":
			return i.key == s.numbers[id] && i.value["life_cycle_state"] == kind
		}
		return i.value["command_id"] == id
	})
}

// drop leaves an item out.
func (s *scene) drop(topic, id, kind string) {
	at := s.find(topic, id, kind)
	s.items = slices.Delete(s.items, at, at+1)
}

// again writes a copy of an item at the end, with a new event id, and spoils the copy.
func (s *scene) again(topic, id, kind string, spoil func(*item)) {
	copied := s.items[s.find(topic, id, kind)]
	value := map[string]any{}
	maps.Copy(value, copied.value)
	copied.value = value
	if topic == "provisioning.events" {
		value["event_id"] = "one more"
	}
	spoil(&copied)
	s.items = append(s.items, copied)
}

// change spoils an item in place.
func (s *scene) change(topic, id, kind string, spoil func(*item)) {
	spoil(&s.items[s.find(topic, id, kind)])
}

// swap exchanges two items of a topic.
func (s *scene) swap(topic, id, kind, otherID, otherKind string) {
	a, b := s.find(topic, id, kind), s.find(topic, otherID, otherKind)
	s.items[a], s.items[b] = s.items[b], s.items[a]
}
