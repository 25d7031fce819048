package recordbatch

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The compression libraries are those that kafka-go's codecs wrap, used without the wrapping: it streams through
// allocated writers what stands whole in memory here, and, the stronger reason, its readers cannot be given a bound
// (four bytes of a snappy frame make it allocate 4 GiB).

// compress compresses what stands in dst from the given place on and returns dst, and the codec that was used: None
// where the result would not have been smaller.
func compress(dst []byte, from int, codec Codec) ([]byte, Codec, error) {
	if codec == None {
		return dst, None, nil
	}
	c := compressors.Get().(*compressor)
	defer compressors.Put(c)
	small, err := c.compress(dst[from:], codec)
	if err != nil {
		return dst, None, fmt.Errorf("compress with %s: %w", codec, err)
	}
	if len(small) >= len(dst)-from {
		return dst, None, nil
	}
	return append(dst[:from], small...), codec, nil
}

// compressor keeps what costs to set up. Its result is in scratch, and valid until it is used again.
type compressor struct {
	scratch []byte
	lz4     *lz4.Writer // writes to the compressor itself
	zstd    *zstd.Encoder
}

// Kept between batches and given up by the garbage collector: no state of anyone's, only memory.
var compressors = sync.Pool{New: func() any { return new(compressor) }}

func (c *compressor) compress(src []byte, codec Codec) ([]byte, error) {
	c.scratch = c.scratch[:0]
	if codec == LZ4 {
		return c.compressLZ4(src)
	}
	return c.compressZstd(src)
}

func (c *compressor) compressLZ4(src []byte) ([]byte, error) {
	if c.lz4 == nil {
		w := lz4.NewWriter(nil)
		// As Java's client writes it: 64 KiB a block. No checksum of its own, the batch has one.
		if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false)); err != nil {
			return nil, err
		}
		c.lz4 = w
	}
	c.lz4.Reset(c)
	if _, err := c.lz4.Write(src); err != nil {
		return nil, err
	}
	if err := c.lz4.Close(); err != nil {
		return nil, err
	}
	return c.scratch, nil
}

// Write appends to scratch: where the LZ4 writer's output goes.
func (c *compressor) Write(b []byte) (int, error) {
	c.scratch = append(c.scratch, b...)
	return len(b), nil
}

func (c *compressor) compressZstd(src []byte) ([]byte, error) {
	if c.zstd == nil {
		// A window of 1 MiB, a topic's usual largest batch: the default of 8 MiB costs memory and finds nothing more.
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20),
			zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, err
		}
		c.zstd = w
	}
	c.scratch = c.zstd.EncodeAll(src, c.scratch)
	return c.scratch, nil
}
