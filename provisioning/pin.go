package provisioning

import "log/slog"

// maskedPIN is what a PIN looks like to everything but Reveal.
const maskedPIN = "****"

// PIN is the secret of a smartcard. It prints as **** wherever fmt, log/slog or encoding/json meet it: whoever needs
// the digits says so with Reveal. The zero PIN is no PIN.
type PIN struct{ digits string }

// NewPIN returns the PIN with these digits; NewPIN("") is no PIN.
func NewPIN(digits string) PIN { return PIN{digits} }

// Reveal returns the digits. Call it to write them into a record that must carry them, or to compare; never to print.
func (p PIN) Reveal() string { return p.digits }

// IsZero reports whether there is no PIN.
func (p PIN) IsZero() bool { return p.digits == "" }

// String returns the mask, or nothing where there is no PIN.
func (p PIN) String() string {
	if p.IsZero() {
		return ""
	}
	return maskedPIN
}

// GoString is what %#v prints.
func (p PIN) GoString() string { return "provisioning.PIN(" + p.String() + ")" }

// LogValue is what log/slog prints.
func (p PIN) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is what encoding/json prints.
func (p PIN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
