package schemas

import (
	"time"

	"cardstream/provisioning"
)

// view is a decoded value together with its shape, which says what the value alone does not: which branch of a union it
// is, and what a number counts.
type view struct {
	value any
	shape *shape
}

// plain returns the branch that a union holds; what is no union, as it is. The view of a null has a nil value.
func (v view) plain() view {
	for v.shape.kind == "union" && v.value != nil {
		for name, value := range v.value.(map[string]any) { // goavro wraps a branch as {name: value}
			v = view{value, v.shape.branch(name)}
		}
	}
	return v
}

func (s *shape) branch(name string) *shape {
	for _, b := range s.branches {
		if b.branchName() == name {
			return b
		}
	}
	return s
}

// fields reads a record's fields by name. The first one of a wrong type is kept in wrong, and from then on what it
// returns counts for nothing.
type fields struct {
	record view
	prefix string // path of the record, ending in a dot; empty at the top
	wrong  *string
}

func fieldsOf(record view) fields { return fields{record: record, wrong: new(string)} }

// err returns an *Error that names the field of a wrong type, if there is one.
func (f fields) err() error {
	if *f.wrong != "" {
		return errorf(KindUnknown, "field %s is not of its type", *f.wrong)
	}
	return nil
}

// get returns a field that is present and not null.
func (f fields) get(name string) (view, bool) {
	record, ok := f.record.value.(map[string]any)
	if !ok {
		return view{}, false
	}
	s := f.record.shape.field(name)
	if s == nil {
		return view{}, false
	}
	v := view{record[name], s}.plain()
	return v, v.value != nil
}

func (f fields) mistype(name string) {
	if *f.wrong == "" {
		*f.wrong = f.prefix + name
	}
}

// in returns the fields of a record in a field; of none where that is absent.
func (f fields) in(name string) fields {
	inner := fields{prefix: f.prefix + name + ".", wrong: f.wrong}
	if v, ok := f.get(name); ok {
		if v.shape.kind != "record" {
			f.mistype(name)
		}
		inner.record = v
	}
	return inner
}

// optionalText reads a string, bytes or an enum's symbol.
func (f fields) optionalText(name string) *string {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	switch value := v.value.(type) {
	case string:
		return &value
	case []byte:
		if v.shape.kind == "bytes" && v.shape.logical == "" {
			text := string(value)
			return &text
		}
	}
	f.mistype(name)
	return nil
}

func (f fields) text(name string) string { return orZero(f.optionalText(name)) }

func (f fields) optionalFlag(name string) *bool {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	value, ok := v.value.(bool)
	if !ok {
		f.mistype(name)
		return nil
	}
	return &value
}

func (f fields) flag(name string) bool { return orZero(f.optionalFlag(name)) }

// optionalLong reads an int or a long without a logical type.
func (f fields) optionalLong(name string) *int64 {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	n, ok := v.long()
	if !ok || v.shape.logical != "" {
		f.mistype(name)
		return nil
	}
	return &n
}

// integer reads a number that must fit into 32 bits.
func (f fields) integer(name string) int32 {
	n := orZero(f.optionalLong(name))
	if n != int64(int32(n)) {
		f.mistype(name)
	}
	return int32(n)
}

func (v view) long() (int64, bool) {
	switch n := v.value.(type) {
	case int64:
		return n, true
	case int32:
		return int64(n), true
	}
	return 0, false
}

// optionalTime reads a moment: a number of milliseconds, or of what the logical type says. One that is finer than a
// millisecond is rounded by round.
func (f fields) optionalTime(name string, round func(time.Time) provisioning.Timestamp) *provisioning.Timestamp {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	n, ok := v.long()
	var at provisioning.Timestamp
	switch {
	case !ok:
	case v.shape.logical == "" || v.shape.logical == "timestamp-millis":
		at = provisioning.Timestamp(n)
	case v.shape.logical == "timestamp-micros":
		at = round(time.UnixMicro(n))
	case v.shape.logical == "timestamp-nanos":
		at = round(time.Unix(0, n))
	default: // a date, a time of day, a local time: not a moment
		ok = false
	}
	if !ok {
		f.mistype(name)
		return nil
	}
	return &at
}

func (f fields) time(name string) provisioning.Timestamp {
	return orZero(f.optionalTime(name, provisioning.TimestampOf))
}
