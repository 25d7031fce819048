package handlers

import "cardstream/schemas"

// values is where a handler's encoded values lie, many in one piece of memory. A piece is never used again, so that a
// value lives as long as whoever keeps it.
type values struct{ chunk []byte }

// What a piece holds, and what must be left of it for another value, which is seldom longer.
const (
	valuesChunk = 64 << 10
	valuesRoom  = 1 << 10
)

// encode returns the wire format of v.
func encode[T any](to *values, codec *schemas.Codec[T], v *T) ([]byte, error) {
	if cap(to.chunk)-len(to.chunk) < valuesRoom {
		to.chunk = make([]byte, 0, valuesChunk)
	}
	start := len(to.chunk)
	chunk, err := codec.Append(to.chunk, v)
	if err != nil {
		return nil, err
	}
	to.chunk = chunk
	return chunk[start:len(chunk):len(chunk)], nil
}
