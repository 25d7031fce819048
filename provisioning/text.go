package provisioning

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most code points that a string of a command may have.
const (
	maxIdentifierLength = 64  // what names a subscription, a card, or is a PIN
	maxNameLength       = 255 // command_id and source: a gateway's source holds an issuer's address (docs/decisions/0005-lengths.md)
)

// ValidName reports whether a text can be a command's id or source.
func ValidName(s string) bool { return validString(s, maxNameLength) }

// validString reports whether s has 1 to most printable code points without surrounding space.
func validString(s string, most int) bool {
	if s == "" || len(s) > most*utf8.UTFMax || !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	return strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
