package provisioning_test

import (
	"strings"
	"testing"

	"cardstream/provisioning"
)

// Strings are 1 to 64 (names: 255) printable code points without surrounding space.
func TestStrings(t *testing.T) {
	const most, mostOfName = 64, 255
	for _, c := range []struct {
		name, text string
		identifier bool // whether it may name a subscription or a card
		command    bool // whether it may be a command_id or a source
	}{
		{"one character", "x", true, true},
		{"inner space", "a b  c", true, true},
		{"leading space", " a", false, false},
		{"trailing space", "a ", false, false},
		{"only space", " ", false, false},
		{"64 bytes", strings.Repeat("x", most), true, true},
		{"65 bytes", strings.Repeat("x", most+1), false, true},
		{"64 code points of two bytes", strings.Repeat("é", most), true, true},
		{"65 code points of two bytes", strings.Repeat("é", most+1), false, true},
		{"64 code points of four bytes", strings.Repeat("🃏", most), true, true},
		{"65 code points of four bytes", strings.Repeat("🃏", most+1), false, true},
		{"255 code points of four bytes", strings.Repeat("🃏", mostOfName), false, true},
		{"256 code points", strings.Repeat("x", mostOfName+1), false, false},
		{"a megabyte", strings.Repeat("x", 1<<20), false, false},
		{"a combining mark counts", strings.Repeat("e\u0301", most/2), true, true},
		{"a combining mark too many", strings.Repeat("e\u0301", most/2) + "\u0301", false, true},
		{"emoji", "🂡", true, true},
		{"emoji with a joiner, which does not print", "👩\u200d🔧", false, false},
		{"other scripts", "карта-卡-بطاقة", true, true},
		{"NUL", "a\x00b", false, false},
		{"tab", "a\tb", false, false},
		{"line feed at the end", "ab\n", false, false},
		{"carriage return", "a\rb", false, false},
		{"delete", "a\x7fb", false, false},
		{"C1 control", "a\u0085b", false, false},
		{"non-breaking space", "a\u00a0b", false, false},
		{"ideographic space", "a\u3000b", false, false},
		{"zero-width space", "a\u200bb", false, false},
		{"byte order mark", "\ufeffa", false, false},
		{"right-to-left override", "a\u202eb", false, false},
		{"line separator", "a\u2028b", false, false},
		{"soft hyphen", "a\u00adb", false, false},
		{"unassigned", "a\U000E0FFFb", false, false},
		{"private use", "a\ue000b", false, false},
		{"invalid UTF-8", "a\xffb", false, false},
		{"cut UTF-8", "a\xf0\x9f\x83", false, false},
		{"surrogate", "a\xed\xa0\x80b", false, false},
		{"overlong", "a\xc0\xafb", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for field, change := range map[string]func(*provisioning.Command){
				"subscription_identifier.number": func(p *provisioning.Command) { p.SetUserParameters.Subscription.Number = &c.text },
				"subscription_identifier.id": func(p *provisioning.Command) {
					p.SetUserParameters.Subscription = provisioning.SubscriptionIdentifier{ID: &c.text}
				},
				"smartcard_identifier.id": func(p *provisioning.Command) {
					p.SetUserParameters.Smartcard = provisioning.SmartcardIdentifier{ID: &c.text}
				},
				"smartcard_identifier.serial_number": func(p *provisioning.Command) { p.SetUserParameters.Smartcard.SerialNumber = &c.text },
				"smartcard_identifier.alternative_code": func(p *provisioning.Command) {
					p.SetUserParameters.Smartcard = provisioning.SmartcardIdentifier{AlternativeCode: &c.text}
				},
			} {
				judgeText(t, field, change, c.identifier)
			}
			judgeText(t, "command_id", func(p *provisioning.Command) { p.ID = c.text }, c.command)
			judgeText(t, "source", func(p *provisioning.Command) { p.Source = c.text }, c.command)

			card := provisioning.SmartcardIdentifier{AlternativeCode: &c.text}
			if key, ok := card.Key(); ok != c.identifier || ok && string(key) != "alternative_code:"+c.text {
				t.Errorf("Key() = %q, %v, want it valid: %v", key, ok, c.identifier)
			}
		})
	}
}

func judgeText(t *testing.T, field string, change func(*provisioning.Command), wantValid bool) {
	t.Helper()
	command := valid()
	change(command)
	want := "VALUE_INVALID " + field
	if wantValid {
		want = ""
	}
	if got := strings.Join(verdict(defaultRules(t).Judge(command, start)), ","); got != want {
		t.Errorf("%s: %q, want %q", field, got, want)
	}
}

func TestSmartcardKey(t *testing.T) {
	for _, c := range []struct {
		card provisioning.SmartcardIdentifier
		want provisioning.SmartcardKey
	}{
		{provisioning.SmartcardIdentifier{ID: new("9")}, "id:9"},
		{provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")}, "serial_number:0190008020"},
		{provisioning.SmartcardIdentifier{AlternativeCode: new("a:b")}, "alternative_code:a:b"},
		{provisioning.SmartcardIdentifier{}, ""},
		{provisioning.SmartcardIdentifier{ID: new("")}, ""},
		{provisioning.SmartcardIdentifier{ID: new("9"), SerialNumber: new("9")}, ""},
		{provisioning.SmartcardIdentifier{ID: new("9"), SerialNumber: new("")}, ""},
	} {
		if key, ok := c.card.Key(); key != c.want || ok != (c.want != "") {
			t.Errorf("Key() = %q, %v, want %q", key, ok, c.want)
		}
	}
}
