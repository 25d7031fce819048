package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// ParseLine reads one line of a file of commands, as it would be sent at sentAt: an absent source is "cli", an absent
// occurred_at is sentAt, and a scheduled_date may say "+3s", counted from sentAt. The error says why the line is no
// command at all; a command that breaks a rule is one.
func ParseLine(line []byte, sentAt time.Time) (*Command, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("not UTF-8")
	}
	fields, err := object(line)
	if err != nil {
		return nil, err
	}
	c := &Command{Source: "cli", OccurredAt: sentAt.UnixMilli()}
	p := &lineParser{fields: fields, sentAt: sentAt}
	p.text("command_id", &c.ID)
	p.text("source", &c.Source)
	p.date("occurred_at", false, func(ms int64) { c.OccurredAt = ms })
	if raw, ok := p.take("cancel"); ok {
		c.Cancel = p.cancel(raw)
	} else {
		c.SetUserParameters = p.setUserParameters()
	}
	return c, p.end()
}

// lineParser takes the fields of an object one by one and remembers the first thing that is wrong. What is left at the
// end is unknown.
type lineParser struct {
	fields map[string]json.RawMessage
	sentAt time.Time
	err    error
}

func (p *lineParser) setUserParameters() *SetUserParameters {
	s := &SetUserParameters{}
	p.object("subscription_identifier", func(q *lineParser) {
		q.maybe("id", &s.Subscription.ID)
		q.maybe("number", &s.Subscription.Number)
	})
	p.object("smartcard_identifier", func(q *lineParser) {
		q.maybe("id", &s.Smartcard.ID)
		q.maybe("serial_number", &s.Smartcard.SerialNumber)
		q.maybe("alternative_code", &s.Smartcard.AlternativeCode)
	})
	var pin Maybe[string]
	p.maybe("new_pin", &pin)
	s.NewPIN = Maybe[PIN]{Set: pin.Set, Value: PIN(pin.Value)}
	if raw, ok := p.take("reset_pin"); ok {
		s.ResetPIN.Set = true
		p.decode("reset_pin", raw, &s.ResetPIN.Value)
	}
	if raw, ok := p.take("process_immediately"); ok {
		p.decode("process_immediately", raw, &s.ProcessImmediately)
	}
	p.date("scheduled_date", true, func(ms int64) { s.ScheduledDate = Some(ms) })
	return s
}

func (p *lineParser) cancel(raw json.RawMessage) *Cancel {
	c := &Cancel{}
	q := p.nested("cancel", raw)
	var number, of Maybe[string]
	q.maybe("number", &number)
	q.maybe("of", &of)
	c.Number, c.Of = number.Value, of.Value
	if number.Set == of.Set {
		q.fail(errors.New("one of number and of"))
	}
	p.fail(q.end())
	return c
}

// take removes a field and returns it, if it is specified: present and not null.
func (p *lineParser) take(name string) (json.RawMessage, bool) {
	raw, present := p.fields[name]
	delete(p.fields, name)
	return raw, present && string(raw) != "null"
}

func (p *lineParser) text(name string, into *string) {
	if raw, ok := p.take(name); ok {
		p.decode(name, raw, into)
		p.whole(name, *into)
	}
}

// whole refuses what an escape of half a character decodes to: another text than the sender's.
func (p *lineParser) whole(name, text string) {
	if strings.ContainsRune(text, utf8.RuneError) {
		p.fail(fmt.Errorf("%s: half a character", name))
	}
}

func (p *lineParser) maybe(name string, into *Maybe[string]) {
	if raw, ok := p.take(name); ok {
		into.Set = true
		p.decode(name, raw, &into.Value)
		p.whole(name, into.Value)
	}
}

func (p *lineParser) decode(name string, raw json.RawMessage, into any) {
	if err := json.Unmarshal(raw, into); err != nil {
		p.fail(fmt.Errorf("%s: wrong type", name)) // never the value: it may be a PIN
	}
}

func (p *lineParser) date(name string, relative bool, set func(ms int64)) {
	raw, ok := p.take(name)
	if !ok {
		return
	}
	var text string
	p.decode(name, raw, &text)
	if ahead, isRelative := strings.CutPrefix(text, "+"); isRelative && relative {
		d, err := time.ParseDuration(ahead)
		p.fail(err)
		set(ceilMillis(p.sentAt.Add(d)))
		return
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	p.fail(err)
	set(ceilMillis(t))
}

func (p *lineParser) object(name string, read func(*lineParser)) {
	if raw, ok := p.take(name); ok {
		q := p.nested(name, raw)
		read(q)
		p.fail(q.end())
	}
}

func (p *lineParser) nested(name string, raw json.RawMessage) *lineParser {
	fields, err := object(raw)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return &lineParser{fields: fields, sentAt: p.sentAt, err: err}
}

func (p *lineParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *lineParser) end() error {
	for name := range p.fields {
		p.fail(fmt.Errorf("unknown field %q", name))
	}
	return p.err
}

// object reads the whole text as one JSON object in which no name stands twice.
func object(text []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	fields := map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errors.New("broken JSON")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errors.New("broken JSON")
		}
		key, isText := name.(string)
		if _, twice := fields[key]; twice || !isText {
			return nil, fmt.Errorf("field %q stands twice", key)
		}
		fields[key] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("broken JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data behind the object")
	}
	return fields, nil
}
