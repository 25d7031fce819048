package recordbatch

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"cardstream/record"
)

// Header is what a batch says of all its records.
type Header struct {
	ProducerID    int64 // NoProducer for none; then epoch and sequence too
	ProducerEpoch int16
	BaseSequence  int32 // of the first record; those behind it count up, and from 2^31-1 on to 0
	Transactional bool
	Codec         Codec // None, LZ4 or Zstd
	Timestamp     int64 // of every record, ms since the Unix epoch; a topic with log-append time replaces it
}

// Append appends one batch of these records to dst and returns the extended buffer, like the built-in append. Keys,
// values and headers are taken over as they are, nil being null; topic, partition, offset and timestamp of the records
// are not read. It takes Overhead plus each record's RecordSize at most, whatever the codec: where compression would
// make the records larger they stand uncompressed. With enough capacity, nothing is allocated.
//
// Errors are ErrNoRecords, ErrCodec and ErrTooLarge; dst is then returned with its content as it was.
func Append(dst []byte, h Header, records []record.Record) ([]byte, error) {
	start := len(dst)
	if len(records) == 0 {
		return dst, ErrNoRecords
	}
	if h.Codec != None && h.Codec != LZ4 && h.Codec != Zstd {
		return dst, fmt.Errorf("%w: %s", ErrCodec, h.Codec)
	}
	size := Overhead
	for i := range records {
		if size += RecordSize(&records[i]); size > math.MaxInt32 {
			return dst, fmt.Errorf("%w: record %d of %d would be behind 2 GiB", ErrTooLarge, i, len(records))
		}
	}
	dst = slices.Grow(dst, size)
	var space [Overhead]byte // for the header, which needs the length and the checksum of what follows it
	dst = append(dst, space[:]...)
	for i := range records {
		dst = appendRecord(dst, &records[i], int64(i))
	}
	dst, codec, err := compress(dst, start+Overhead, h.Codec)
	if err != nil {
		return dst[:start], err
	}
	h.Codec = codec
	h.put(dst[start:], len(records))
	return dst, nil
}

// put writes the header of a batch whose records are in place.
func (h *Header) put(batch []byte, count int) {
	attributes := uint16(h.Codec)
	if h.Transactional {
		attributes |= transactionalBit
	}
	const noLeaderEpoch = math.MaxUint32 // -1: the broker knows it
	order := binary.BigEndian
	order.PutUint64(batch, 0)
	order.PutUint32(batch[atLength:], uint32(len(batch)-lengthEnd))
	order.PutUint32(batch[atLeaderEpoch:], noLeaderEpoch)
	batch[atMagic] = magic
	order.PutUint16(batch[atAttributes:], attributes)
	order.PutUint32(batch[atLastOffsetDelta:], uint32(count-1))
	order.PutUint64(batch[atBaseTimestamp:], uint64(h.Timestamp))
	order.PutUint64(batch[atMaxTimestamp:], uint64(h.Timestamp))
	order.PutUint64(batch[atProducerID:], uint64(h.ProducerID))
	order.PutUint16(batch[atProducerEpoch:], uint16(h.ProducerEpoch))
	order.PutUint32(batch[atBaseSequence:], uint32(h.BaseSequence))
	order.PutUint32(batch[atCount:], uint32(count))
	order.PutUint32(batch[atChecksum:], checksum(batch))
}

// RecordSize returns how many bytes a record adds to a batch at most: a few more than it does, as its place in the
// batch, which takes one to five bytes, is not known.
func RecordSize(r *record.Record) int {
	size := maxVarint32 + bodySize(r)
	return sizeVarint(int64(size)) + size
}

// bodySize is the bytes of a record without its length and its offset delta.
func bodySize(r *record.Record) int {
	size := 2 + sizeNullable(r.Key) + sizeNullable(r.Value) + sizeVarint(int64(len(r.Headers)))
	for i := range r.Headers {
		header := &r.Headers[i]
		size += sizeVarint(int64(len(header.Key))) + len(header.Key) + sizeNullable(header.Value)
	}
	return size
}

func appendRecord(dst []byte, r *record.Record, offsetDelta int64) []byte {
	dst = binary.AppendVarint(dst, int64(sizeVarint(offsetDelta)+bodySize(r)))
	dst = append(dst, 0, 0) // no attributes; a timestamp delta of 0: all are of the batch's time
	dst = binary.AppendVarint(dst, offsetDelta)
	dst = appendNullable(dst, r.Key)
	dst = appendNullable(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for i := range r.Headers {
		header := &r.Headers[i]
		dst = append(binary.AppendVarint(dst, int64(len(header.Key))), header.Key...)
		dst = appendNullable(dst, header.Value)
	}
	return dst
}

func sizeNullable(b []byte) int {
	if b == nil {
		return 1
	}
	return sizeVarint(int64(len(b))) + len(b)
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 1) // the varint of -1
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}
