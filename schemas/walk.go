package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What a value may be before it is called undecodable, however its schema is made.
const (
	maxDepth       = 64 // types within types
	stepsPerByte   = 8  // a value of n bytes has at most firstSteps + n×stepsPerByte parts
	firstSteps     = 4096
	maxVarintBytes = 10
)

// cursor reads the primitive values of an Avro body, and counts what it does: a schema can make much of few bytes
// (recursion without bytes, arrays of nothing), and so neither depth nor time may depend on bytes alone.
type cursor struct {
	body  []byte
	at    int // next byte to read
	steps int // left
}

func newCursor(body []byte) *cursor {
	return &cursor{body: body, steps: firstSteps + stepsPerByte*len(body)}
}

// walkError says what is wrong with a body, and where; never what stands there.
type walkError struct {
	what string
	at   int
	path []string // names of fields, innermost first
}

func (e *walkError) Error() string {
	if len(e.path) == 0 {
		return fmt.Sprintf("at byte %d: %s", e.at, e.what)
	}
	path := slices.Clone(e.path)
	slices.Reverse(path)
	if len(path) > maxPath {
		path = append(path[:maxPath], "…")
	}
	return fmt.Sprintf("at byte %d, field %s: %s", e.at, strings.Join(path, "."), e.what)
}

// maxPath is how many names of fields an error tells: a recursive schema has no end of them.
const maxPath = 6

// in adds the name of the field that an error was met in.
func in(field string, err error) error {
	if walk, ok := errors.AsType[*walkError](err); ok {
		walk.path = append(walk.path, field)
	}
	return err
}

func (c *cursor) fail(what string) error { return &walkError{what: what, at: c.at} }

// enter counts one part of the value at that depth.
func (c *cursor) enter(depth int) error {
	if depth > maxDepth {
		return c.fail("types nested too deeply")
	}
	if c.steps--; c.steps < 0 {
		return c.fail("more parts than its length allows")
	}
	return nil
}

// long reads a zigzag varint.
func (c *cursor) long() (int64, error) {
	var n uint64
	for i := range maxVarintBytes {
		if c.at+i >= len(c.body) {
			return 0, c.fail("the bytes end within a number")
		}
		b := c.body[c.at+i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if i == maxVarintBytes-1 && b > 1 {
				break
			}
			c.at += i + 1
			return int64(n>>1) ^ -int64(n&1), nil
		}
	}
	return 0, c.fail("a number longer than 64 bits")
}

// integer reads a varint that must fit into 32 bits.
func (c *cursor) integer() (int64, error) {
	start := c.at
	n, err := c.long()
	if err == nil && n != int64(int32(n)) {
		c.at = start
		err = c.fail("a number longer than 32 bits")
	}
	return n, err
}

// index reads a number that must be at least 0 and less than count.
func (c *cursor) index(count int) (int, error) {
	start := c.at
	n, err := c.long()
	if err == nil && (n < 0 || n >= int64(count)) {
		c.at = start
		err = c.fail("a choice that the schema does not have")
	}
	return int(n), err
}

// take reads n bytes, which share the body's memory.
func (c *cursor) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(c.body)-c.at) {
		return nil, c.fail("the bytes end too early")
	}
	b := c.body[c.at : c.at+int(n)]
	c.at += int(n)
	return b, nil
}

// bytes reads a length and as many bytes.
func (c *cursor) bytes() ([]byte, error) {
	n, err := c.long()
	if err != nil {
		return nil, err
	}
	return c.take(n)
}

func (c *cursor) boolean() (bool, error) {
	b, err := c.take(1)
	if err != nil {
		return false, err
	}
	if b[0] > 1 {
		c.at--
		return false, c.fail("neither true nor false")
	}
	return b[0] == 1, nil
}

// block reads the head of a block of an array or a map: how many items follow, 0 at the end. It may be no more than
// there are bytes left: who reserves memory for it is not deceived.
func (c *cursor) block() (int64, error) {
	start := c.at
	n, err := c.long()
	if err != nil {
		return 0, err
	}
	if n < 0 { // then the block's length in bytes follows
		n = -n
		if _, err := c.long(); err != nil {
			return 0, err
		}
	}
	if n < 0 || n > int64(len(c.body)-c.at) {
		c.at = start
		return 0, c.fail("more items than bytes")
	}
	return n, nil
}

// check walks over one value without keeping any of it, and says whether it is what the schema promises, within bounds.
func (c *cursor) check(s *shape, depth int) error {
	if err := c.enter(depth); err != nil {
		return err
	}
	var err error
	switch s.kind {
	case "null":
	case "boolean":
		_, err = c.boolean()
	case "int":
		_, err = c.integer()
	case "long":
		_, err = c.long()
	case "float":
		_, err = c.take(4)
	case "double":
		_, err = c.take(8)
	case "fixed":
		_, err = c.take(int64(s.size))
	case "bytes", "string":
		_, err = c.bytes()
	case "enum":
		_, err = c.index(len(s.symbols))
	case "union":
		var branch int
		if branch, err = c.index(len(s.branches)); err == nil {
			err = c.check(s.branches[branch], depth+1)
		}
	case "record":
		for _, f := range s.fields {
			if err = c.check(f.shape, depth+1); err != nil {
				return in(f.name, err)
			}
		}
	case "array", "map":
		err = c.checkItems(s, depth+1)
	default:
		err = c.fail("a type that Avro does not have")
	}
	return err
}

func (c *cursor) checkItems(s *shape, depth int) error {
	for {
		n, err := c.block()
		if n == 0 || err != nil {
			return err
		}
		for range n {
			if s.kind == "map" {
				if _, err := c.bytes(); err != nil {
					return err
				}
			}
			if err := c.check(s.items, depth); err != nil {
				return err
			}
		}
	}
}
