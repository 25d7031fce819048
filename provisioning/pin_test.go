package provisioning_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cardstream/provisioning"
)

// secret is a PIN of letters, so that nothing else that is printed matches it by chance.
const secret = "QWZXKJHG"

// holder has a PIN wherever a struct can have one; fmt cannot ask the methods of what is in unexported fields.
type holder struct {
	PIN     provisioning.PIN
	Pointer *provisioning.PIN
	List    []provisioning.PIN
	Map     map[provisioning.PIN]provisioning.PIN
	Any     any
	hidden  provisioning.PIN
	nested  struct{ pins []provisioning.PIN }
}

// carriers are all the things that could print a PIN: itself, and every type of the domain that holds one.
func carriers() map[string]any {
	pin := provisioning.NewPIN(secret)
	h := holder{
		PIN: pin, Pointer: &pin, List: []provisioning.PIN{pin}, Map: map[provisioning.PIN]provisioning.PIN{pin: pin},
		Any: pin, hidden: pin,
	}
	h.nested.pins = h.List
	set := &provisioning.SetUserParameters{NewPIN: &pin}
	create := &provisioning.CreateEntry{Action: provisioning.SetPIN, NewPIN: pin}
	request := &provisioning.Request{Action: provisioning.SetPIN, NewPIN: pin}
	outcome := provisioning.Policy{}.Send(&provisioning.Request{NewPIN: pin}, 0)
	return map[string]any{
		"PIN": pin, "*PIN": &pin, "[]PIN": h.List, "[1]PIN": [1]provisioning.PIN{pin}, "map": h.Map,
		"holder": h, "*holder": &h, "[]holder": []holder{h},
		"SetUserParameters": *set, "*SetUserParameters": set, "Command": provisioning.Command{SetUserParameters: set},
		"CreateEntry": *create, "*CreateEntry": create, "Entry": provisioning.Entry{Create: create},
		"Request": *request, "*Request": request, "Outcome": outcome, "SmartcardCommand": *outcome.Command,
	}
}

func TestPINNeverPrints(t *testing.T) {
	if secret != provisioning.NewPIN(secret).Reveal() {
		t.Fatal("Reveal does not return the digits: this test would prove nothing")
	}
	for name, carrier := range carriers() {
		for how, printed := range printings(carrier) {
			if leaks(printed) {
				t.Errorf("%s of %s prints the PIN: %s", how, name, printed)
			}
		}
	}
}

// leaks looks for the PIN as text, as hexadecimal, as a list of bytes or runes, and in part.
func leaks(printed string) bool {
	bytes, runes := fmt.Sprint([]byte(secret)), fmt.Sprintf("%U", []rune(secret))
	for _, form := range []string{
		secret, secret[:4], fmt.Sprintf("%x", secret), fmt.Sprintf("% x", secret), bytes[1 : len(bytes)-1], runes[1:20],
	} {
		if strings.Contains(strings.ToLower(printed), strings.ToLower(form)) {
			return true
		}
	}
	return false
}

// printings prints v in every way that a program may do so without meaning it.
func printings(v any) map[string]string {
	out := map[string]string{
		"Sprint": fmt.Sprint(v), "Sprintln": fmt.Sprintln(v), "Append": string(fmt.Append(nil, v)),
		"Errorf": fmt.Errorf("request: %v", v).Error(),
	}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "20", ".2", "+#20.3", "[1]*", "[2]"} {
			format := "%" + flags + string(verb)
			out[format] = fmt.Sprintf(format, v)
		}
	}
	var text, lines bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&lines, nil)} {
		slog.New(h).With("with", v).WithGroup("group").Info("message", "attribute", v, "any", []any{v})
	}
	out["slog text"], out["slog json"] = text.String(), lines.String()
	if js, err := json.Marshal(v); err == nil { // a map's keys print too: TextMarshaler
		out["json"] = string(js)
	}
	if x, err := xml.Marshal(v); err == nil {
		out["xml"] = string(x)
	}
	var binary bytes.Buffer
	_ = gob.NewEncoder(&binary).Encode(v) // what it refuses, it does not print
	out["gob"] = binary.String()
	return out
}

func TestPINMask(t *testing.T) {
	pin, none := provisioning.NewPIN("4321"), provisioning.NewPIN("")
	for _, c := range []struct{ format, some, no string }{
		{"%v", "****", ""}, {"%s", "****", ""}, {"%d", "****", ""}, {"%x", "****", ""}, {"%q", "****", ""},
		{"%#v", "provisioning.PIN(****)", "provisioning.PIN()"}, {"%6s|", "  ****|", "      |"}, {"%-6v|", "****  |", "      |"},
	} {
		if got := fmt.Sprintf(c.format, pin); got != c.some {
			t.Errorf("%s of a PIN: %q, want %q", c.format, got, c.some)
		}
		if got := fmt.Sprintf(c.format, none); got != c.no {
			t.Errorf("%s of no PIN: %q, want %q", c.format, got, c.no)
		}
	}
}

func TestPINIsComparable(t *testing.T) {
	if provisioning.NewPIN("4321") != provisioning.NewPIN(strings.Repeat("4321", 2)[4:]) {
		t.Error("two PINs with the same digits differ")
	}
	if provisioning.NewPIN("4321") == provisioning.NewPIN("1234") {
		t.Error("two PINs with other digits are equal")
	}
	none := provisioning.NewPIN("")
	if (none != provisioning.PIN{}) || !none.IsZero() || none.Reveal() != "" || none.String() != "" {
		t.Errorf("no PIN: %#v", none)
	}
	if provisioning.NewPIN("0").IsZero() {
		t.Error("a PIN is not no PIN")
	}
}
