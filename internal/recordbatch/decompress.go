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

// stream decompresses formats that do not say how large the result will be: into scratch, and from there, unless that
// has become too large to keep, into a buffer of the right size.
type stream struct {
	src     bytes.Reader
	reader  io.Reader
	reset   func(io.Reader) error
	scratch []byte
}

const maxScratch = 4 << 20 // bytes kept for the next batch

// Kept between batches and given up by the garbage collector: no state of anyone's, only memory.
var (
	gunzippers = sync.Pool{New: func() any {
		r := new(gzip.Reader)
		return &stream{reader: r, reset: r.Reset}
	}}
	unlz4ers = sync.Pool{New: func() any {
		r := lz4.NewReader(nil)
		return &stream{reader: r, reset: func(src io.Reader) error { r.Reset(src); return nil }}
	}}
	unzstders = sync.Pool{New: newUnzstder}
)

func decompressStream(pool *sync.Pool, src []byte) ([]byte, error) {
	s := pool.Get().(*stream)
	defer pool.Put(s)
	s.src.Reset(src)
	defer s.src.Reset(nil)
	if err := s.reset(&s.src); err != nil {
		return nil, err
	}
	out, err := readAll(s.reader, s.scratch[:0])
	if cap(out) > maxScratch {
		s.scratch = nil
		return out, err
	}
	s.scratch = out
	return bytes.Clone(out), err
}

// readAll appends what is read up to the end to out, which it returns with an error too. More than MaxMemory bytes are
// ErrTooLarge.
func readAll(r io.Reader, out []byte) ([]byte, error) {
	for {
		if len(out) == cap(out) {
			out = slices.Grow(out, min(max(4096, len(out)), MaxMemory+1-len(out)))
		}
		n, err := r.Read(out[len(out):min(cap(out), MaxMemory+1)])
		out = out[:len(out)+n]
		if len(out) > MaxMemory {
			return out, ErrTooLarge
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
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
