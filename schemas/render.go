package schemas

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"cardstream/provisioning"
)

// pinField is the name of the field that holds a PIN, in every record.
const pinField = "new_pin"

// renderer writes one Avro value as JSON.
type renderer struct {
	*cursor
	out     []byte
	options JSONOptions
}

func (r *renderer) render(s *shape, depth int) error {
	if err := r.enter(depth); err != nil {
		return err
	}
	switch s.kind {
	case "null":
		r.out = append(r.out, "null"...)
	case "boolean":
		b, err := r.boolean()
		r.out = strconv.AppendBool(r.out, b)
		return err
	case "int", "long":
		n, err := r.long()
		r.out = appendNumber(r.out, n, s.logical)
		return err
	case "float":
		b, err := r.take(4)
		if err == nil {
			r.out = appendFloat(r.out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 32)
		}
		return err
	case "double":
		b, err := r.take(8)
		if err == nil {
			r.out = appendFloat(r.out, math.Float64frombits(binary.LittleEndian.Uint64(b)), 64)
		}
		return err
	case "string":
		b, err := r.bytes()
		r.out = appendString(r.out, b)
		return err
	case "bytes":
		b, err := r.bytes()
		r.out = appendBytes(r.out, b)
		return err
	case "fixed":
		b, err := r.take(int64(s.size))
		r.out = appendBytes(r.out, b)
		return err
	case "enum":
		i, err := r.index(len(s.symbols))
		if err == nil {
			r.out = appendString(r.out, []byte(s.symbols[i]))
		}
		return err
	case "union":
		i, err := r.index(len(s.branches))
		if err != nil {
			return err
		}
		return r.render(s.branches[i], depth+1)
	case "record":
		return r.record(s, depth+1)
	case "array":
		return r.items(s, '[', ']', depth+1)
	case "map":
		return r.items(s, '{', '}', depth+1)
	}
	return nil
}

func (r *renderer) record(s *shape, depth int) error {
	r.out = append(r.out, '{')
	for i, f := range s.fields {
		if i > 0 {
			r.out = append(r.out, ',')
		}
		r.out = append(appendString(r.out, []byte(f.name)), ':')
		if err := r.member(f.name, f.shape, depth); err != nil {
			return in(f.name, err)
		}
	}
	r.out = append(r.out, '}')
	return nil
}

// member writes what stands under a name, or a mask for it.
func (r *renderer) member(name string, s *shape, depth int) error {
	if name != pinField || r.options.ShowPINs {
		return r.render(s, depth)
	}
	if r.null(s) {
		r.out = append(r.out, "null"...)
	} else {
		r.out = append(r.out, `"****"`...)
	}
	return r.check(s, depth)
}

// null reports whether the value to be read next is null.
func (r *renderer) null(s *shape) bool {
	ahead := *r.cursor
	for s.kind == "union" {
		i, err := ahead.index(len(s.branches))
		if err != nil {
			return false
		}
		s = s.branches[i]
	}
	return s.kind == "null"
}

func (r *renderer) items(s *shape, open, end byte, depth int) error {
	r.out = append(r.out, open)
	for first := true; ; {
		n, err := r.block()
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		for range n {
			if !first {
				r.out = append(r.out, ',')
			}
			first = false
			if err := r.item(s, depth); err != nil {
				return err
			}
		}
	}
	r.out = append(r.out, end)
	return nil
}

func (r *renderer) item(s *shape, depth int) error {
	if s.kind == "array" {
		return r.render(s.items, depth)
	}
	key, err := r.bytes()
	if err != nil {
		return err
	}
	r.out = append(appendString(r.out, key), ':')
	return r.member(string(key), s.items, depth)
}

// appendNumber writes a whole number, or the moment that it stands for.
func appendNumber(dst []byte, n int64, logical string) []byte {
	var at provisioning.Timestamp
	switch logical {
	case "timestamp-millis":
		at = provisioning.Timestamp(n)
	case "timestamp-micros":
		at = provisioning.TimestampOf(time.UnixMicro(n))
	case "timestamp-nanos":
		at = provisioning.TimestampOf(time.Unix(0, n))
	default:
		return strconv.AppendInt(dst, n, 10)
	}
	if at < provisioning.EarliestTimestamp || at > provisioning.LatestTimestamp {
		return strconv.AppendInt(dst, int64(at), 10)
	}
	return append(at.Time().AppendFormat(append(dst, '"'), provisioning.TimestampLayout), '"')
}

// appendFloat writes what JSON has no number for as Avro's JSON encoding in Java does.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func appendBytes(dst, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}

// appendString writes a JSON string. Bytes that are no UTF-8 become U+FFFD. Unlike encoding/json it leaves <, > and & as
// they are: the lines are read by people, not by browsers.
func appendString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range string(s) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		case c == '\u2028' || c == '\u2029': // which some readers of lines take for an end of line
			dst = append(dst, '\\', 'u', '2', '0', '2', hex[c&0xf])
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return append(dst, '"')
}
