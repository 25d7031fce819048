package ledger

import (
	"strings"
	"time"
)

// fields is an Avro record as goavro gives it, read by field name. What is absent or of another type reads as absent:
// the audit misses it where it matters.
type fields map[string]any

// branches are the names under which goavro wraps the primitive branches of a union.
var branches = map[string]bool{
	"boolean": true, "int": true, "long": true, "bytes": true, "string": true, "array": true, "long.timestamp-millis": true,
}

// plain returns a field without the map that names its branch of a union, and that name.
func (f fields) plain(name string) (value any, branch string) {
	wrapped, ok := f[name].(map[string]any)
	if !ok || len(wrapped) != 1 {
		return f[name], ""
	}
	for branch, value = range wrapped {
		if branches[branch] || strings.Contains(branch, ".") {
			return value, branch
		}
	}
	return wrapped, "" // a record with one field
}

func field[T any](f fields, name string) (T, bool) {
	value, _ := f.plain(name)
	typed, ok := value.(T)
	return typed, ok
}

func (f fields) text(name string) string {
	text, _ := field[string](f, name)
	return text
}

func (f fields) maybeText(name string) Maybe[string] {
	text, ok := field[string](f, name)
	return Maybe[string]{Set: ok, Value: text}
}

func (f fields) maybeBool(name string) Maybe[bool] {
	value, ok := field[bool](f, name)
	return Maybe[bool]{Set: ok, Value: value}
}

func (f fields) int(name string) int32 {
	value, _ := field[int32](f, name)
	return value
}

// millis returns a timestamp as milliseconds.
func (f fields) millis(name string) Maybe[int64] {
	switch value, _ := f.plain(name); t := value.(type) {
	case time.Time:
		return Some(t.UnixMilli())
	case int64:
		return Some(t)
	}
	return None[int64]()
}

func (f fields) record(name string) fields {
	value, _ := field[map[string]any](f, name)
	return value
}

// number returns a request's number, and noNumber where there is none.
func (f fields) number(name string) number {
	n, err := parseNumber(f.text(name))
	if err != nil {
		return noNumber
	}
	return n
}

func (f fields) subscription() Subscription {
	s := f.record("subscription_identifier")
	return Subscription{ID: s.maybeText("id"), Number: s.maybeText("number")}
}

func (f fields) smartcard() Smartcard {
	s := f.record("smartcard_identifier")
	return Smartcard{
		ID: s.maybeText("id"), SerialNumber: s.maybeText("serial_number"),
		AlternativeCode: s.maybeText("alternative_code"),
	}
}

// command reads a ProvisioningCommand of any compatible schema.
func (f fields) command() (*Command, error) {
	c := &Command{ID: f.text("command_id"), Source: f.text("source"), OccurredAt: f.millis("occurred_at").Value}
	_, branch := f.plain("command")
	body := f.record("command")
	switch branch {
	case "cardstream.v1.SetUserParameters":
		pin := body.maybeText("new_pin")
		c.SetUserParameters = &SetUserParameters{
			Subscription: body.subscription(), Smartcard: body.smartcard(),
			ResetPIN: body.maybeBool("reset_pin"), NewPIN: Maybe[PIN]{Set: pin.Set, Value: PIN(pin.Value)},
			ProcessImmediately: body.maybeBool("process_immediately").Value,
			ScheduledDate:      body.millis("scheduled_date"),
		}
	case "cardstream.v1.CancelRequest":
		c.Cancel = &Cancel{Number: body.text("number")}
	default:
		return nil, errKindUnknown
	}
	return c, nil
}
