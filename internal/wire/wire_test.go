package wire_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"cardstream/internal/wire"
)

func TestWhatIsAppendedIsRead(t *testing.T) {
	b := wire.AppendInt8(nil, -1)
	b = wire.AppendInt16(b, -2)
	b = wire.AppendInt32(b, -3)
	b = wire.AppendInt64(b, -4)
	b = wire.AppendString(b, "text")
	b = wire.AppendBytes(b, []byte("bytes"))
	b = wire.AppendBytes(b, nil)
	b = wire.AppendBytes(b, []byte{})
	b = wire.AppendInt32s(b, []int32{5, 6})
	d := wire.NewBytesDecoder(b)
	if a, b, c, e := d.Int8(), d.Int16(), d.Int32(), d.Int64(); a != -1 || b != -2 || c != -3 || e != -4 {
		t.Errorf("integers %d %d %d %d", a, b, c, e)
	}
	if s, b := d.String(), d.Bytes(); s != "text" || string(b) != "bytes" {
		t.Errorf("%q %q", s, b)
	}
	if null, empty := d.Bytes(), d.Bytes(); null != nil || empty == nil || len(empty) > 0 {
		t.Errorf("null is %v, empty %v", null, empty)
	}
	if vs := d.Int32s(); !slices.Equal(vs, []int32{5, 6}) {
		t.Errorf("array %v", vs)
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsAppendedCompactlyIsRead(t *testing.T) {
	long := strings.Repeat("x", 300)
	b := wire.AppendCompactString(nil, long)
	b = wire.AppendCompactString(b, "")
	b = append(b, 0) // a null string
	b = wire.AppendCompactCount(b, 1)
	b = wire.AppendInt32(b, 7)
	b = append(b, 2, 5, 1, 'a', 6, 2, 'b', 'c') // two tagged fields
	b = wire.AppendNoTags(b)
	d := wire.NewBytesDecoder(b)
	if got := d.CompactString(); got != long {
		t.Errorf("string of %d bytes", len(got))
	}
	if empty, null := d.CompactString(), d.CompactString(); empty != "" || null != "" {
		t.Errorf("empty %q, null %q", empty, null)
	}
	if n, v := d.CompactCount(4), d.Int32(); n != 1 || v != 7 {
		t.Errorf("array of %d with %d", n, v)
	}
	d.SkipTags()
	d.SkipTags()
	if err := d.End(); err != nil {
		t.Error(err)
	}
}

func TestTaggedFieldsAreReadByTag(t *testing.T) {
	b := []byte{3, 0, 4, 0, 0, 0, 7, 5, 1, 'a', 9, 2, 'b', 'c'} // tag 0 with 7, tag 5 with "a", tag 9 with "bc"
	b = wire.AppendInt8(b, 1)                                   // what comes after
	d := wire.NewBytesDecoder(b)
	var number int32
	tags := map[int]bool{}
	d.Tags(func(tag int, field *wire.Decoder) {
		tags[tag] = true
		if tag == 0 {
			number = field.Int32()
		}
	})
	if after := d.Int8(); number != 7 || len(tags) != 3 || after != 1 || d.End() != nil {
		t.Errorf("read %d of %d fields, then %d, %v", number, len(tags), after, d.End())
	}
	d = wire.NewBytesDecoder([]byte{1, 0, 1, 0})
	d.Tags(func(_ int, field *wire.Decoder) { field.Int32() })
	if !errors.Is(d.Err(), wire.ErrMalformed) {
		t.Errorf("a field that is too short: %v", d.Err())
	}
}

func TestWhatDoesNotFitIsMalformed(t *testing.T) {
	for name, read := range map[string]func(*wire.Decoder){
		"integer": func(d *wire.Decoder) { d.Int64() },
		"string":  func(d *wire.Decoder) { _ = d.String() },
		"bytes":   func(d *wire.Decoder) { d.Bytes() },
		"array":   func(d *wire.Decoder) { d.Int32s() },
		"compact": func(d *wire.Decoder) { _ = d.CompactString() },
		"count":   func(d *wire.Decoder) { d.CompactCount(1) },
		"tags":    func(d *wire.Decoder) { d.SkipTags() },
		"varint":  func(d *wire.Decoder) { d.Int8(); d.SkipTags() },
		"nothing": func(*wire.Decoder) {},
	} {
		d := wire.NewBytesDecoder([]byte{0x7f, 0xff, 0xff, 0xff, 0})
		read(d)
		if err := d.End(); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if d.Int8() != 0 || d.Int32s() != nil {
			t.Errorf("%s: it reads on", name)
		}
	}
}

func TestAMessageThatEndsTooSoonIsAnError(t *testing.T) {
	d := wire.NewDecoder(bytes.NewReader([]byte{0, 0, 0, 4, 'c', 'u'}), 8)
	if b := d.Bytes(); b != nil || !errors.Is(d.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v", b, d.Err())
	}
}
