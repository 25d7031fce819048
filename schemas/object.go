package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"cardstream/provisioning"
)

// object is a JSON object that is read strictly: each member is taken by name, and what nobody took is unknown.
type object struct {
	path    string // ends in a dot; empty at the top
	start   int    // where it starts in the line, in bytes
	members map[string]member
	wrong   *error // the first thing that was wrong; shared with the objects inside
}

type member struct {
	json.RawMessage
	name  int // where its name ends in the line, in bytes
	start int // where its value starts
}

// maybe is a member's value; nil where it is absent, null or wrong.
type maybe[T any] struct{ v *T }

func (m maybe[T]) or(fallback T) T {
	if m.v == nil {
		return fallback
	}
	return *m.v
}

// parseObject reads a text that is one JSON object and nothing else.
func parseObject(text []byte) (*object, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("not UTF-8")
	case !json.Valid(text):
		return nil, errors.New("not JSON")
	}
	o := &object{wrong: new(error)}
	if !o.fill(text) {
		return nil, errors.New("not a JSON object")
	}
	return o, o.err()
}

// fill takes the members of valid JSON, and reports whether it is an object.
func (o *object) fill(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, _ := decoder.Token(); start != json.Delim('{') {
		return false
	}
	o.members = make(map[string]member)
	for decoder.More() {
		key, _ := decoder.Token()
		name, _ := key.(string)
		m := member{name: o.start + int(decoder.InputOffset())}
		if err := decoder.Decode(&m.RawMessage); err != nil { // which valid JSON cannot cause
			return false
		}
		m.start = o.start + int(decoder.InputOffset()) - len(m.RawMessage)
		if _, twice := o.members[name]; twice {
			o.fail("", fmt.Errorf("has a field twice, at byte %d", m.name))
		}
		o.members[name] = m
	}
	return true
}

func (o *object) err() error { return *o.wrong }

// fail keeps the first thing that is wrong; name is one of ours, or empty for the object itself.
func (o *object) fail(name string, err error) {
	if *o.wrong != nil {
		return
	}
	if path := strings.TrimSuffix(o.path+name, "."); path != "" {
		err = fmt.Errorf("field %s %w", path, err)
	}
	*o.wrong = err
}

// close fails if there are members that nobody took. Their names are the sender's, and so are not repeated: it says where
// the first one's ends.
func (o *object) close() {
	first := math.MaxInt
	for _, m := range o.members {
		first = min(first, m.name)
	}
	if len(o.members) > 0 {
		o.fail("", fmt.Errorf("has an unknown field, at byte %d", first))
	}
}

// take removes a member, and reports whether there is one that is not null.
func (o *object) take(name string) (member, bool) {
	m, ok := o.members[name]
	delete(o.members, name)
	return m, ok && string(m.RawMessage) != "null"
}

// object takes a member that is an object; nil where it is absent, null or wrong.
func (o *object) object(name string) *object {
	m, ok := o.take(name)
	if !ok {
		return nil
	}
	inner := &object{path: o.path + name + ".", start: m.start, wrong: o.wrong}
	if !inner.fill(m.RawMessage) {
		o.fail(name, errors.New("must be an object"))
		return nil
	}
	return inner
}

func (o *object) text(name string) maybe[string] {
	m, ok := o.take(name)
	if !ok {
		return maybe[string]{}
	}
	var text string
	if m.RawMessage[0] != '"' || json.Unmarshal(m.RawMessage, &text) != nil {
		o.fail(name, errors.New("must be a string"))
		return maybe[string]{}
	}
	// An escape of half a character decodes to U+FFFD: another text than the sender's.
	if strings.ContainsRune(text, utf8.RuneError) {
		o.fail(name, errors.New("has a character that is none"))
		return maybe[string]{}
	}
	return maybe[string]{&text}
}

func (o *object) flag(name string) maybe[bool] {
	m, ok := o.take(name)
	if !ok {
		return maybe[bool]{}
	}
	value := string(m.RawMessage) == "true"
	if !value && string(m.RawMessage) != "false" {
		o.fail(name, errors.New("must be true or false"))
		return maybe[bool]{}
	}
	return maybe[bool]{&value}
}

// time takes a member that is a date.
func (o *object) time(name string, round func(time.Time) provisioning.Timestamp) maybe[provisioning.Timestamp] {
	text := o.text(name)
	if text.v == nil {
		return maybe[provisioning.Timestamp]{}
	}
	return o.date(name, *text.v, round)
}

// timeFrom takes a member that is a date, rounded up, or a span from a moment on: "+2s", "+1h30m".
func (o *object) timeFrom(name string, from provisioning.Timestamp) maybe[provisioning.Timestamp] {
	text := o.text(name)
	if text.v == nil {
		return maybe[provisioning.Timestamp]{}
	}
	span, relative := strings.CutPrefix(*text.v, "+")
	if !relative {
		return o.date(name, *text.v, provisioning.TimestampNotBefore)
	}
	d, err := time.ParseDuration(span)
	if err != nil || d < 0 {
		o.fail(name, errors.New("must be a span as +2s or +1h30m, or a date in RFC 3339"))
		return maybe[provisioning.Timestamp]{}
	}
	at := provisioning.TimestampNotBefore(from.Time().Add(d))
	return maybe[provisioning.Timestamp]{&at}
}

func (o *object) date(name, text string, round func(time.Time) provisioning.Timestamp) maybe[provisioning.Timestamp] {
	var t time.Time
	if t.UnmarshalText([]byte(text)) != nil {
		o.fail(name, errors.New("must be a date in RFC 3339, as 2027-01-01T00:00:00Z"))
		return maybe[provisioning.Timestamp]{}
	}
	at := round(t)
	return maybe[provisioning.Timestamp]{&at}
}
