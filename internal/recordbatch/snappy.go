package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/snappy"
)

// Java's clients frame snappy by the xerial library: a header, then blocks, each behind its length. Others write one
// plain block. Only the header tells them apart.
var xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeaderSize = 16 // magic, then two versions of four bytes, which nothing depends on

var errXerial = errors.New("xerial block is longer than what is left")

func decompressSnappy(src []byte) ([]byte, error) {
	if len(src) < xerialHeaderSize || !bytes.HasPrefix(src, xerialMagic) {
		size, err := snappySize(src, 0)
		if err != nil {
			return nil, err
		}
		return snappy.Decode(make([]byte, size), src)
	}
	blocks := src[xerialHeaderSize:]
	size := 0
	for rest := blocks; len(rest) > 0; {
		var block []byte
		var err error
		if block, rest, err = nextXerialBlock(rest); err != nil {
			return nil, err
		}
		if size, err = snappySize(block, size); err != nil {
			return nil, err
		}
	}
	return decompressXerial(make([]byte, size), blocks)
}

// snappySize returns what a block decompresses to, which it says first, added to what those in front of it do. So the
// bound is checked before anything is allocated.
func snappySize(block []byte, before int) (int, error) {
	size, err := snappy.DecodedLen(block)
	if err != nil {
		return 0, err
	}
	if size > MaxMemory-before {
		return 0, ErrTooLarge
	}
	return before + size, nil
}

// decompressXerial decompresses blocks whose lengths have been checked, and which fill out.
func decompressXerial(out, blocks []byte) ([]byte, error) {
	for at := 0; len(blocks) > 0; {
		block, rest, err := nextXerialBlock(blocks)
		if err != nil {
			return nil, err
		}
		decoded, err := snappy.Decode(out[at:], block)
		if err != nil {
			return nil, err
		}
		at += len(decoded)
		blocks = rest
	}
	return out, nil
}

func nextXerialBlock(b []byte) (block, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errXerial
	}
	size := int64(binary.BigEndian.Uint32(b))
	if b = b[4:]; size > int64(len(b)) {
		return nil, nil, errXerial
	}
	return b[:size], b[size:], nil
}
