package scripttest

import (
	"strings"
	"testing"
	"time"
)

// Words are a line of input: a verb, and arguments that are name=value, or a name alone.
type Words struct {
	Verb  string
	First string // the first argument, where that is not name=value
	args  map[string]string
	used  map[string]bool
}

// Split reads a line. A value with spaces stands in double quotes.
func Split(line string) Words {
	w := Words{args: map[string]string{}, used: map[string]bool{}}
	quoted := false
	for i, word := range strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	}) {
		if i == 0 {
			w.Verb = word
			continue
		}
		name, value, named := strings.Cut(word, "=")
		if i == 1 && !named {
			w.First = name
		}
		w.args[name] = strings.Trim(value, `"`)
	}
	return w
}

// Has reports whether the line has an argument of that name.
func (w Words) Has(name string) bool {
	_, there := w.args[name]
	w.used[name] = true
	return there
}

// Text returns the argument of that name, or what it is where the line has none.
func (w Words) Text(name, otherwise string) string {
	if w.Has(name) {
		return w.args[name]
	}
	return otherwise
}

// Optional returns the argument of that name, or nil.
func (w Words) Optional(name string) *string {
	if !w.Has(name) {
		return nil
	}
	value := w.args[name]
	return &value
}

// Duration returns the argument of that name, or what it is where the line has none.
func (w Words) Duration(t *testing.T, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	if !w.Has(name) {
		return otherwise
	}
	return Duration(t, w.args[name])
}

// Done fails t where the line has arguments that nobody has asked for.
func (w Words) Done(t *testing.T) {
	t.Helper()
	for name := range w.args {
		if !w.used[name] && name != w.First {
			t.Fatalf("%s: unknown argument %q", w.Verb, name)
		}
	}
}

// Duration reads a duration, with days besides Go's units: "7d", "-1ms".
func Duration(t *testing.T, text string) time.Duration {
	t.Helper()
	if days, found := strings.CutSuffix(text, "d"); found {
		d, err := time.ParseDuration(days + "h")
		if err != nil {
			t.Fatal(err)
		}
		return 24 * d
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
