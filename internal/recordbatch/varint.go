package recordbatch

import "math/bits"

// Kafka's varints are those of Protocol Buffers' sint32 and sint64: zigzag, so that small negative numbers are short
// too, then seven bits a byte, the lowest first. encoding/binary has the same; these are written out because the one
// byte that nearly all of them take should be read and written inline, a third of the time of a batch otherwise.

const (
	maxVarint32 = 5 // bytes
	maxVarint64 = 10
)

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// sizeVarint returns how many bytes appendVarint appends.
func sizeVarint(v int64) int { return (bits.Len64(zigzag(v)|1) + 6) / 7 }

func appendVarint(dst []byte, v int64) []byte {
	u := zigzag(v)
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}

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

func (c *cursor) varint() int64 {
	if c.at < len(c.b) && c.b[c.at] < 0x80 {
		u := uint64(c.b[c.at])
		c.at++
		return unzigzag(u)
	}
	return c.longVarint()
}

func (c *cursor) longVarint() int64 {
	var u uint64
	for i, b := range c.b[c.at:] {
		if i == maxVarint64-1 && b > 1 {
			break // more than 64 bits
		}
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.at += i + 1
			return unzigzag(u)
		}
	}
	c.fail()
	return 0
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
