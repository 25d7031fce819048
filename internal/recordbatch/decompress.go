package recordbatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip" // the standard library's, faster
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// decompress returns what src was before compression, in a new buffer of MaxMemory bytes at most: more is ErrTooLarge.
func decompress(src []byte, codec Codec) (out []byte, err error) {
	switch codec {
	case Gzip:
		out, err = decompressStream(&gunzippers, src)
	case Snappy:
		out, err = decompressSnappy(src)
	case LZ4:
		out, err = decompressStream(&unlz4ers, src)
	case Zstd:
		out, err = decompressZstd(src)
	default:
		return nil, corrupt("%s does not exist", codec)
	}
	if errors.Is(err, ErrTooLarge) {
		return nil, fmt.Errorf("%w: decompressed from %d bytes of %s, it has more than %d", ErrTooLarge, len(src), codec,
			MaxMemory)
	}
	if err != nil {
		return nil, corrupt("decompress %s: %w", codec, err)
	}
	return out, nil
}

// streamReader is a decompressor that can be used again.
type streamReader interface {
	io.Reader
	reset(src io.Reader) error
}

type gunzipper struct{ gzip.Reader }

func (g *gunzipper) reset(src io.Reader) error { return g.Reset(src) }

type unlz4er struct{ *lz4.Reader }

func (u unlz4er) reset(src io.Reader) error {
	u.Reset(src)
	return nil
}

// Kept between batches and given up by the garbage collector: no state of anyone's, only memory.
var (
	gunzippers = sync.Pool{New: func() any { return new(gunzipper) }}
	unlz4ers   = sync.Pool{New: func() any { return unlz4er{lz4.NewReader(nil)} }}
	unzstders  = sync.Pool{New: newUnzstder}
)

func decompressStream(pool *sync.Pool, src []byte) ([]byte, error) {
	r := pool.Get().(streamReader)
	defer pool.Put(r)
	if err := r.reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	return readAll(r, 4*len(src))
}

// readAll reads to the end into a new buffer, at first of the expected size.
func readAll(r io.Reader, expected int) ([]byte, error) {
	out := make([]byte, 0, min(expected, MaxMemory))
	for {
		if len(out) == cap(out) {
			out = slices.Grow(out, 1)
		}
		n, err := r.Read(out[len(out):min(cap(out), MaxMemory+1)])
		out = out[:len(out)+n]
		if len(out) > MaxMemory {
			return nil, ErrTooLarge
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func newUnzstder() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxMemory))
	if err != nil {
		panic(err) // only for options that cannot be
	}
	return d
}

func decompressZstd(src []byte) ([]byte, error) {
	d := unzstders.Get().(*zstd.Decoder)
	defer unzstders.Put(d)
	out, err := d.DecodeAll(src, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, ErrTooLarge
	}
	return out, err
}
