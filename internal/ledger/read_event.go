package ledger

import (
	"hash/maphash"

	"github.com/twmb/franz-go/pkg/kgo"
)

// event takes in a record of provisioning.events, and checks what can be checked on the event alone.
func (b *book) event(r *kgo.Record, value fields) {
	at := positionOf(r)
	b.look(eventsTopic, r, true)
	b.found.Counts.Events[b.one(value.text("event_type"))]++
	kind := eventKinds[value.text("event_type")]
	if kind == 0 {
		b.found.Foreign.add("%s: event type %q", at.in(eventsTopic), value.text("event_type"))
		return
	}
	fact := eventFact{
		at: at, kind: kind, who: identity(b.seed, value.text("source"), value.text("command_id")),
		number: value.number("request_number"), attempt: value.int("attempt"),
		created: value.millis("created_at").Value, due: value.millis("due_at").Value,
		occurred: value.millis("occurred_at").Value, codes: b.one(joinCodes(value.codes())),
		timeout: value.text("rejected_by") == "TIMEOUT",
		content: maphash.Comparable(b.seed, eventContent{
			value.subscription(), value.smartcard(), value.text("action"),
			value.maybeBool("process_immediately").Value, value.millis("scheduled_date"),
		}),
	}
	b.checkEvent(r, value, &fact)
	b.progress.event(&fact)
	l := b.line(r.Key)
	l.events = append(l.events, fact)
}

// checkEvent finds what is wrong with an event by itself: its id, state, key and partition, and created_at, which never
// runs backwards in a partition.
func (b *book) checkEvent(r *kgo.Record, value fields, fact *eventFact) {
	where := fact.at.in(eventsTopic)
	id := maphash.String(b.seed, value.text("event_id"))
	if _, twice := b.eventIDs[id]; twice {
		b.found.Doubled.add("%s: event id %q", where, value.text("event_id"))
	}
	b.eventIDs[id] = struct{}{}

	if want := stateAfter[fact.kind]; want != "" && value.text("life_cycle_state") != want {
		b.found.Illegal.add("%s: %v with state %q", where, fact.kind, value.text("life_cycle_state"))
	}
	if key, about := value.smartcard().Key(); about {
		if key != string(r.Key) {
			b.found.Misplaced.add("%s: keyed %q, is about %q", where, r.Key, key)
		} else if !b.place.right(eventsTopic, r) {
			b.found.Misplaced.add("%s: not the partition of its key", where)
		}
	}
	if fact.kind == pending {
		if last := b.lastCreated[fact.at.partition]; fact.created < last {
			b.found.Illegal.add("%s: created_at is %d ms before an earlier one of its partition", where, last-fact.created)
		}
		b.lastCreated[fact.at.partition] = max(fact.created, b.lastCreated[fact.at.partition])
	}
}

// codes returns the codes of an event's errors.
func (f fields) codes() []string {
	list, _ := field[[]any](f, "errors")
	var codes []string
	for _, item := range list {
		if violation, ok := item.(map[string]any); ok {
			codes = append(codes, fields(violation).text("code"))
		}
	}
	return codes
}
