package wire

import "fmt"

// CompactCount reads the count of an array whose elements take at least leastSize bytes each, as a version with flexible
// fields has it; null reads as 0.
func (d *Decoder) CompactCount(leastSize int) int {
	n := d.uvarint()
	if d.err != nil || n == 0 {
		return 0
	}
	if n-1 > uint64(d.left/leastSize) {
		d.Fail(fmt.Errorf("%w: %d elements of at least %d bytes in %d bytes", ErrMalformed, n-1, leastSize, d.left))
		return 0
	}
	return int(n - 1)
}

// CompactString reads a string as a version with flexible fields has it; null reads as empty.
func (d *Decoder) CompactString() string { return string(d.exactly(d.CompactCount(1))) }

// Raw reads so many bytes without a length before them, into a slice of their own.
func (d *Decoder) Raw(size int) []byte { return d.exactly(size) }

// SkipRest reads over what is left.
func (d *Decoder) SkipRest() { d.exactly(d.left) }

// SkipTags reads over the tagged fields at the end of a structure.
func (d *Decoder) SkipTags() { d.Tags(nil) }

// Tags reads the tagged fields at the end of a structure: for each of them read gets the tag and a Decoder of the field
// alone. What it leaves unread is skipped; what it finds malformed is this decoder's error. A nil read skips all.
func (d *Decoder) Tags(read func(tag int, field *Decoder)) {
	const leastSize = 2
	fields := d.uvarint()
	if fields > uint64(d.left/leastSize) {
		d.Fail(fmt.Errorf("%w: %d tagged fields in %d bytes", ErrMalformed, fields, d.left))
	}
	for range fields {
		tag := d.uvarint()
		if d.err != nil {
			return
		}
		size := d.uvarint()
		if size > uint64(d.left) {
			d.Fail(fmt.Errorf("%w: a tagged field of %d bytes in %d bytes", ErrMalformed, size, d.left))
			return
		}
		content := d.exactly(int(size))
		if read != nil && d.err == nil {
			field := NewBytesDecoder(content)
			read(int(tag), field)
			d.Fail(field.Err())
		}
	}
}

// uvarint reads an unsigned number of up to 32 bits, seven of them a byte: there is no larger one in the protocol.
func (d *Decoder) uvarint() (v uint64) {
	for shift := 0; shift < 35; shift += 7 {
		b := d.fixed(1)[0]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 || d.err != nil {
			return v
		}
	}
	d.Fail(fmt.Errorf("%w: a number of more than five bytes", ErrMalformed))
	return 0
}
