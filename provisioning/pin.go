package provisioning

import (
	"fmt"
	"log/slog"
	"unique"
)

// maskedPIN is what a PIN looks like to everything but Reveal.
const maskedPIN = "****"

// PIN is the secret of a smartcard. It prints as **** wherever fmt, log/slog or encoding/json meet it: whoever needs
// the digits says so with Reveal. The zero PIN is no PIN; two PINs are == when their digits are.
//
// The digits stand behind a handle because fmt asks no method of a value in an unexported field, and none for %p: it
// prints what the struct holds, which is an address.
type PIN struct{ digits unique.Handle[string] }

// NewPIN returns the PIN with these digits; NewPIN("") is no PIN.
func NewPIN(digits string) PIN {
	if digits == "" {
		return PIN{}
	}
	return PIN{unique.Make(digits)}
}

// Reveal returns the digits. Call it to write them into a record that must carry them, or to compare; never to print.
func (p PIN) Reveal() string {
	if p.IsZero() {
		return ""
	}
	return p.digits.Value()
}

// IsZero reports whether there is no PIN.
func (p PIN) IsZero() bool { return p == PIN{} }

// String returns the mask, or nothing where there is no PIN.
func (p PIN) String() string {
	if p.IsZero() {
		return ""
	}
	return maskedPIN
}

// Format is what every verb of package fmt prints, those that make no sense for a PIN too: the mask.
func (p PIN) Format(s fmt.State, verb rune) {
	text := p.String()
	if verb == 'v' && s.Flag('#') {
		text = "provisioning.PIN(" + text + ")"
	}
	fmt.Fprintf(s, fmt.FormatString(s, 's'), text)
}

// LogValue is what log/slog prints.
func (p PIN) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is what encoding/json prints.
func (p PIN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
