package schemas

import (
	"fmt"
	"strings"
)

// Why a value cannot be read: the contract's codes for dead letters.
const (
	NotWireFormat = "NOT_WIRE_FORMAT" // a null value, or one without the header of the Confluent wire format
	SchemaUnknown = "SCHEMA_UNKNOWN"  // the registry does not know the schema id, and still does not after some seconds
	Undecodable   = "UNDECODABLE"     // the bytes are not what the schema says, or more than it reads
	KindUnknown   = "KIND_UNKNOWN"    // it decodes, but is not the kind of record that belongs there
)

// Error says that a value cannot be read, however often it is tried. The message is for people and never repeats a part
// of the value.
type Error struct {
	Code    string
	Message string
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// maxMessage bounds a message, in bytes: it may quote a schema, which may be long.
const maxMessage = 400

func errorf(code, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return &Error{Code: code, Message: message}
}
