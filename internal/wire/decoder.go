package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrMalformed is what cannot be read: a length or a count that does not fit into what is left. Errors of a Decoder wrap
// it, or are those of the reader beneath.
var ErrMalformed = errors.New("malformed Kafka message")

// Decoder reads a message of a known size, field by field. The first error stays: after it every read returns the zero
// value, so a message is read to its end and Err asked once. Whatever the bytes, it allocates no more than the message's
// size for a field.
type Decoder struct {
	from    io.Reader
	left    int
	err     error
	scratch [8]byte
}

// NewDecoder returns a Decoder of the next size bytes of from.
func NewDecoder(from io.Reader, size int) *Decoder { return &Decoder{from: from, left: size} }

// NewBytesDecoder returns a Decoder of b.
func NewBytesDecoder(b []byte) *Decoder { return NewDecoder(bytes.NewReader(b), len(b)) }

// Err returns the first error, or nil.
func (d *Decoder) Err() error { return d.err }

// Fail makes err, which may be nil, the decoder's error unless it has one.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// Int8 reads one byte.
func (d *Decoder) Int8() int8 { return int8(d.fixed(1)[0]) }

// Int16 reads two bytes.
func (d *Decoder) Int16() int16 { return int16(binary.BigEndian.Uint16(d.fixed(2))) }

// Int32 reads four bytes.
func (d *Decoder) Int32() int32 { return int32(binary.BigEndian.Uint32(d.fixed(4))) }

// Int64 reads eight bytes.
func (d *Decoder) Int64() int64 { return int64(binary.BigEndian.Uint64(d.fixed(8))) }

// String reads a string; null reads as empty.
func (d *Decoder) String() string { return string(d.exactly(int(d.Int16()))) }

// Bytes reads bytes into a slice of their own, which nothing else shares; null reads as nil.
func (d *Decoder) Bytes() []byte { return d.exactly(int(d.Int32())) }

// Count reads the count of an array whose elements take at least leastSize bytes each; null reads as 0.
func (d *Decoder) Count(leastSize int) int {
	count := int(d.Int32())
	if d.err != nil || count <= 0 {
		return 0
	}
	if count > d.left/leastSize {
		d.Fail(fmt.Errorf("%w: %d elements of at least %d bytes in %d bytes", ErrMalformed, count, leastSize, d.left))
		return 0
	}
	return count
}

// Int32s reads an array of them; null reads as nil.
func (d *Decoder) Int32s() []int32 {
	count := d.Count(4)
	if count == 0 {
		return nil
	}
	vs := make([]int32, count)
	for i := range vs {
		vs[i] = d.Int32()
	}
	return vs
}

// fixed reads size bytes into the scratch space, which is zero after an error.
func (d *Decoder) fixed(size int) []byte {
	b := d.scratch[:size]
	if d.fill(b); d.err != nil {
		d.scratch = [8]byte{}
	}
	return b
}

// exactly reads size bytes; a negative size is null.
func (d *Decoder) exactly(size int) []byte {
	if d.err != nil || size < 0 {
		return nil
	}
	if size > d.left {
		d.Fail(fmt.Errorf("%w: a field of %d bytes in %d bytes", ErrMalformed, size, d.left))
		return nil
	}
	b := make([]byte, size)
	if d.fill(b); d.err != nil {
		return nil
	}
	return b
}

func (d *Decoder) fill(b []byte) {
	if d.err != nil {
		return
	}
	if len(b) > d.left {
		d.Fail(fmt.Errorf("%w: a field of %d bytes in %d bytes", ErrMalformed, len(b), d.left))
		return
	}
	n, err := io.ReadFull(d.from, b)
	d.left -= n
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		d.Fail(err)
	}
}
