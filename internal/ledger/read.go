package ledger

import (
	"context"
	"errors"
	"hash/maphash"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reader turns records into facts in a book.
type reader struct {
	book     *book
	registry *registry
	prefix   string
}

// read takes in one record of a topic (without its prefix), which arrived at this moment. It fails only with ctx, or
// where the registry's schema is none; whatever is wrong with a record becomes a finding.
func (d *reader) read(ctx context.Context, topic string, r *kgo.Record, arrived time.Time) error {
	if r.Attrs.IsControl() {
		d.book.mu.Lock()
		defer d.book.mu.Unlock()
		d.book.aborts.note(topic, r)
		return nil
	}
	value, problem := d.decode(ctx, topic, r)
	if problem != nil && !isDataProblem(problem) {
		return problem
	}
	d.book.mu.Lock()
	defer d.book.mu.Unlock()
	d.book.progress.last++
	d.book.found.Counts.Records[topic]++
	d.dispatch(topic, r, value, problem, arrived)
	return nil
}

// decode reads the value of all but the dead letters, whose bytes are others', and the tombstones of the state.
func (d *reader) decode(ctx context.Context, topic string, r *kgo.Record) (fields, error) {
	if topic == deadLettersTopic || topic == stateTopic && r.Value == nil {
		return nil, nil
	}
	return d.registry.decode(ctx, r.Value)
}

func isDataProblem(err error) bool {
	return errors.Is(err, errNotWireFormat) || errors.Is(err, errSchemaUnknown) || errors.Is(err, errUndecodable) ||
		errors.Is(err, errKindUnknown)
}

func (d *reader) dispatch(topic string, r *kgo.Record, value fields, problem error, arrived time.Time) {
	b := d.book
	switch {
	case topic == deadLettersTopic:
		b.deadLetter(d.prefix+commandsTopic, d.prefix+resultsTopic, r)
	case topic == commandsTopic && problem != nil:
		b.undecodable(r, problem)
	case topic == commandsTopic:
		b.command(r, value)
	case topic == resultsTopic:
		b.result(r, value, problem)
	case problem != nil:
		b.found.Foreign.add("%s: %v", positionOf(r).in(topic), problem)
	case topic == requestsTopic:
		b.entry(r, value, arrived)
	case topic == stateTopic:
		b.state(r, value)
	case topic == cardCommandsTopic:
		b.card(r, value, arrived)
	case topic == eventsTopic:
		b.event(r, value)
	}
}

// command takes in a record of provisioning.commands.
func (b *book) command(r *kgo.Record, value fields) {
	c, err := value.command()
	if err != nil {
		b.undecodable(r, err)
		return
	}
	b.progress.wanted++
	b.found.Counts.Commands++
	at := positionOf(r)
	fact := commandFact{
		at: at, appended: r.Timestamp.UnixMilli(), who: identity(b.seed, c.Source, c.ID),
		value: maphash.Bytes(b.seed, r.Value), cancels: noNumber,
		codes: b.one(joinCodes(b.rules.Judge(c, r.Timestamp))),
	}
	if s := c.SetUserParameters; s != nil {
		if s.NewPIN.Set {
			b.leaks.secret(string(s.NewPIN.Value))
		}
		b.contents(&fact, s)
	} else if fact.codes == "" {
		fact.cancels, _ = parseNumber(c.Cancel.Number)
		fact.key = c.eventKey(r.Topic, at)
		b.cancels = append(b.cancels, fact)
		return
	}
	l := b.line([]byte(c.eventKey(r.Topic, at)))
	l.commands = append(l.commands, fact)
}

func (b *book) contents(fact *commandFact, s *SetUserParameters) {
	fact.immediate, fact.scheduled = s.ProcessImmediately, s.ScheduledDate
	fact.full = maphash.Comparable(b.seed, *s)
	fact.withoutPIN = maphash.Comparable(b.seed, withoutPIN(s))
	fact.content = maphash.Comparable(b.seed,
		eventContent{s.Subscription, s.Smartcard, s.action(), s.ProcessImmediately, s.ScheduledDate})
	fact.cardContent = maphash.Comparable(b.seed,
		cardContent{s.Subscription, s.Smartcard, s.action(), Maybe[string]{s.NewPIN.Set, string(s.NewPIN.Value)}})
}

// entry takes in a record of provisioning.requests.
func (b *book) entry(r *kgo.Record, value fields, arrived time.Time) {
	at := positionOf(r)
	b.look(requestsTopic, r, false)
	switch create, cancel := value.record("create"), value.record("cancel"); {
	case create != nil:
		if !b.place.right(requestsTopic, r) {
			b.found.Misplaced.add("%s: not the partition of its key", at.in(requestsTopic))
		}
		l := b.line(r.Key)
		l.entries = append(l.entries,
			entryFact{at: at, who: identity(b.seed, create.text("source"), create.text("command_id"))})
	case cancel != nil:
		b.cancelEntries[identity(b.seed, cancel.text("source"), cancel.text("command_id"))]++
		if cancel.number("number").partition != r.Partition {
			b.found.Misplaced.add("%s: not the partition of the request to cancel", at.in(requestsTopic))
		}
	case value.record("result") != nil && b.mode.Results:
		b.resultEntry(at, value.record("result"), arrived)
	default:
		b.found.Foreign.add("%s: neither command nor cancel nor expected result", at.in(requestsTopic))
	}
}

// state takes in a record of provisioning.state; value is nil for a tombstone.
func (b *book) state(r *kgo.Record, value fields) {
	b.look(stateTopic, r, false)
	n, err := parseNumber(string(r.Key))
	if err != nil {
		b.found.Foreign.add("%s: the key is no request's number", positionOf(r).in(stateTopic))
		return
	}
	// Said here, of every such record: between two partitions there is no newest.
	if r.Partition != n.partition {
		b.found.Misplaced.add("%s: request %v is in partition %d", stateTopic, n, r.Partition)
		return
	}
	fact := stateFact{forgotten: value == nil}
	if value != nil {
		if value.number("number") != n {
			b.found.Differing.add("%s: key and number differ", positionOf(r).in(stateTopic))
		}
		for kind, state := range stateAfter {
			if state == value.text("life_cycle_state") {
				fact.state = kind
			}
		}
		fact.holdsPIN = value.maybeText("new_pin").Set
	}
	b.states[n] = fact
}

// card takes in a record of smartcard.commands.
func (b *book) card(r *kgo.Record, value fields, arrived time.Time) {
	b.look(cardCommandsTopic, r, false)
	if !b.place.right(cardCommandsTopic, r) {
		b.found.Misplaced.add("%s: not the partition of its key", positionOf(r).in(cardCommandsTopic))
	}
	l := b.line(r.Key)
	l.cards = append(l.cards, cardFact{
		at: positionOf(r), number: value.number("request_number"), attempt: value.int("attempt"),
		content: maphash.Comparable(b.seed, cardContent{
			value.subscription(), value.smartcard(), value.text("action"), value.maybeText("new_pin"),
		}),
		issued: value.millis("issued_at").Value, appended: r.Timestamp.UnixMilli(), arrived: arrived.UnixMicro(),
		respondBy: value.millis("respond_by").Value,
	})
}
