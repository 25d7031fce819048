package recordbatch

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Batch is one batch as it was read. It refers to the bytes it was read from: while it or records of it are used, they
// must not change.
type Batch struct {
	BaseOffset int64
	// LastOffset is the last offset that the batch ever held. What is to be read next is behind it, even if compaction
	// has taken away the record that stood there, or all.
	LastOffset    int64
	LeaderEpoch   int32
	ProducerID    int64 // NoProducer for none
	ProducerEpoch int16
	BaseSequence  int32
	Transactional bool
	Control       bool // a marker, or something else for clients and not for users; see Marker
	LogAppendTime bool // the broker's clock gave the records their time, all of them MaxTimestamp
	Codec         Codec
	Count         int   // of records in it now
	BaseTimestamp int64 // ms since the Unix epoch, as MaxTimestamp
	MaxTimestamp  int64
	Size          int // bytes on the wire

	payload []byte // the records, compressed by Codec
}

// Next reads the first batch in b, without its records, and returns what stands behind it. Errors, for which rest is b:
// io.EOF where b is empty; ErrPartial where the batch's end is missing; ErrCorrupt, also for a checksum that does not
// match; ErrOldFormat. It allocates nothing.
func Next(b []byte) (batch Batch, rest []byte, err error) {
	size, err := nextSize(b)
	if err != nil {
		return Batch{}, b, err
	}
	if batch, err = parse(b[:size:size]); err != nil {
		return Batch{}, b, fmt.Errorf("batch at offset %d: %w", batch.BaseOffset, err)
	}
	return batch, b[size:], nil
}

// nextSize returns how many bytes the first batch in b takes, all of which are there.
func nextSize(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, io.EOF
	}
	if len(b) <= atMagic {
		return 0, ErrPartial
	}
	baseOffset := int64(binary.BigEndian.Uint64(b))
	if b[atMagic] < magic {
		return 0, fmt.Errorf("message at offset %d, magic %d: %w", baseOffset, b[atMagic], ErrOldFormat)
	}
	if b[atMagic] > magic {
		return 0, fmt.Errorf("batch at offset %d: %w", baseOffset, corrupt("magic %d is unknown", b[atMagic]))
	}
	length := int32(binary.BigEndian.Uint32(b[atLength:]))
	if length < Overhead-lengthEnd {
		return 0, fmt.Errorf("batch at offset %d: %w", baseOffset, corrupt("a length of %d is none", length))
	}
	if int64(length) > int64(len(b)-lengthEnd) {
		return 0, ErrPartial
	}
	return lengthEnd + int(length), nil
}

// parse reads the header of a batch whose length and magic are right. With an error, the base offset is right too.
func parse(b []byte) (Batch, error) {
	order := binary.BigEndian
	attributes := order.Uint16(b[atAttributes:])
	lastOffsetDelta := int32(order.Uint32(b[atLastOffsetDelta:]))
	count := int32(order.Uint32(b[atCount:]))
	batch := Batch{
		BaseOffset:    int64(order.Uint64(b)),
		LeaderEpoch:   int32(order.Uint32(b[atLeaderEpoch:])),
		ProducerID:    int64(order.Uint64(b[atProducerID:])),
		ProducerEpoch: int16(order.Uint16(b[atProducerEpoch:])),
		BaseSequence:  int32(order.Uint32(b[atBaseSequence:])),
		Transactional: attributes&transactionalBit != 0,
		Control:       attributes&controlBit != 0,
		LogAppendTime: attributes&logAppendTimeBit != 0,
		Codec:         Codec(attributes & codecBits),
		Count:         int(count),
		BaseTimestamp: int64(order.Uint64(b[atBaseTimestamp:])),
		MaxTimestamp:  int64(order.Uint64(b[atMaxTimestamp:])),
		Size:          len(b),
		payload:       b[Overhead:],
	}
	batch.LastOffset = batch.BaseOffset + int64(lastOffsetDelta)
	if want, got := order.Uint32(b[atChecksum:]), checksum(b); got != want {
		return batch, corrupt("its checksum is %08x, its bytes have %08x", want, got)
	}
	if batch.BaseOffset < 0 || lastOffsetDelta < 0 || batch.BaseOffset > math.MaxInt64-1-int64(lastOffsetDelta) {
		return batch, corrupt("a last offset delta of %d is none", lastOffsetDelta)
	}
	if count < 0 || count-1 > lastOffsetDelta {
		return batch, corrupt("%d records do not fit into %d offsets", count, int64(lastOffsetDelta)+1)
	}
	return batch, nil
}
