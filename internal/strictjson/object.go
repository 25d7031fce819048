// Package strictjson reads JSON objects strictly: each member is taken by name, what nobody took is unknown, and a name
// that stands twice, a wrong type or text behind the object is an error.
//
// An error says what is wrong and in which field, and never repeats a part of the text: there may be a PIN in it. Names
// of unknown fields are the sender's and so are not repeated either; it says at which byte the first one ends.
//
//	o, err := strictjson.Parse(text)
//	name := o.Text("name").Or("nobody")
//	o.Close()
//	err = o.Err()
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Object is a JSON object whose members are being taken.
type Object struct {
	path    string // ends in a dot; empty at the top
	start   int    // where it starts in the text, in bytes
	members map[string]member
	wrong   *error // the first thing that was wrong; shared with the objects inside
}

type member struct {
	json.RawMessage
	name  int // where its name ends in the text, in bytes
	start int // where its value starts
}

// Maybe is a member's value; V is nil where it is absent, null or wrong.
type Maybe[T any] struct{ V *T }

// Or returns the value, or fallback where there is none.
func (m Maybe[T]) Or(fallback T) T {
	if m.V == nil {
		return fallback
	}
	return *m.V
}

// Parse reads a text that is one JSON object in UTF-8 and nothing else.
func Parse(text []byte) (*Object, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("not UTF-8")
	case !json.Valid(text):
		return nil, errors.New("not JSON")
	}
	o := &Object{wrong: new(error)}
	if !o.fill(text) {
		return nil, errors.New("not a JSON object")
	}
	return o, o.Err()
}

// fill takes the members of valid JSON, and reports whether it is an object.
func (o *Object) fill(text []byte) bool {
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
			o.Fail("", fmt.Errorf("has a field twice, at byte %d", m.name))
		}
		o.members[name] = m
	}
	return true
}

// Err returns the first thing that was wrong, here or in an object inside.
func (o *Object) Err() error { return *o.wrong }

// Fail keeps the first thing that is wrong. name is a member that was asked for, or empty for the object itself.
func (o *Object) Fail(name string, err error) {
	if *o.wrong != nil {
		return
	}
	if path := strings.TrimSuffix(o.path+name, "."); path != "" {
		err = fmt.Errorf("field %s %w", path, err)
	}
	*o.wrong = err
}

// Close fails if there are members that nobody took.
func (o *Object) Close() {
	first := math.MaxInt
	for _, m := range o.members {
		first = min(first, m.name)
	}
	if len(o.members) > 0 {
		o.Fail("", fmt.Errorf("has an unknown field, at byte %d", first))
	}
}

// take removes a member, and reports whether there is one that is not null.
func (o *Object) take(name string) (member, bool) {
	m, ok := o.members[name]
	delete(o.members, name)
	return m, ok && string(m.RawMessage) != "null"
}

// Object takes a member that is an object; nil where it is absent, null or wrong. It is to be closed too.
func (o *Object) Object(name string) *Object {
	m, ok := o.take(name)
	if !ok {
		return nil
	}
	inner := &Object{path: o.path + name + ".", start: m.start, wrong: o.wrong}
	if !inner.fill(m.RawMessage) {
		o.Fail(name, errors.New("must be an object"))
		return nil
	}
	return inner
}

// Text takes a member that is a string.
func (o *Object) Text(name string) Maybe[string] {
	m, ok := o.take(name)
	if !ok {
		return Maybe[string]{}
	}
	var text string
	if m.RawMessage[0] != '"' || json.Unmarshal(m.RawMessage, &text) != nil {
		o.Fail(name, errors.New("must be a string"))
		return Maybe[string]{}
	}
	// An escape of half a character decodes to U+FFFD: another text than the sender's.
	if strings.ContainsRune(text, utf8.RuneError) {
		o.Fail(name, errors.New("has a character that is none"))
		return Maybe[string]{}
	}
	return Maybe[string]{&text}
}

// Flag takes a member that is true or false.
func (o *Object) Flag(name string) Maybe[bool] {
	m, ok := o.take(name)
	if !ok {
		return Maybe[bool]{}
	}
	value := string(m.RawMessage) == "true"
	if !value && string(m.RawMessage) != "false" {
		o.Fail(name, errors.New("must be true or false"))
		return Maybe[bool]{}
	}
	return Maybe[bool]{&value}
}
