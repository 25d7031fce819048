package consumer

import (
	"slices"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// buffer holds what was fetched of a partition and not taken yet, in batches that are decoded when they are taken: so
// compressed records wait compressed, and decoding is the work of many tasks and not of one fetch loop.
type buffer struct {
	tp       record.TopicPartition
	position int64           // of the first record not taken yet, or behind everything
	rest     []record.Record // of the batch in hand: decoded, not taken
	chunks   []chunk
	bytes    int // of all chunks
}

// chunk is what one fetch returned. Its batches share one piece of memory, so it is counted whole until the last of them
// is taken.
type chunk struct {
	batches []recordbatch.Batch // of the first chunk, the first may be in hand
	bytes   int
	next    int64 // the position behind it
}

// add appends what a fetch returned. Without batches it only moves the position behind.
func (b *buffer) add(batches []recordbatch.Batch, bytes int, next int64) {
	switch {
	case len(batches) > 0:
		b.chunks = append(b.chunks, chunk{batches: batches, bytes: bytes, next: next})
		b.bytes += bytes
	case len(b.chunks) > 0:
		b.chunks[len(b.chunks)-1].next = next
	default:
		b.position = next
	}
}

func (b *buffer) empty() bool { return len(b.chunks) == 0 }

// take returns records within both bounds, but at least one where there is one. After an error, which comes with the
// records in front of it, nothing is left and the position is that of what could not be read.
func (b *buffer) take(maxRecords, maxBytes int) ([]record.Record, error) {
	var out []record.Record
	for room := maxBytes; len(b.chunks) > 0; {
		if len(out) > 0 && (len(out) >= maxRecords || room <= 0) {
			break
		}
		before := len(out)
		decoded, err := b.decode(out)
		if err != nil {
			b.rest, b.chunks, b.bytes = nil, nil, 0
			return out, &CorruptError{TopicPartition: b.tp, Offset: b.position, Err: err}
		}
		out = b.keepBack(decoded, fitting(decoded, before, maxRecords, &room))
		if len(b.rest) > 0 {
			break
		}
	}
	return out, nil
}

// decode appends the records of the batch in hand that are still to be taken.
func (b *buffer) decode(out []record.Record) ([]record.Record, error) {
	if len(b.rest) > 0 {
		out, b.rest = b.rest, nil // nothing was taken before it: a rest is what comes first
		return out, nil
	}
	before := len(out)
	out, err := b.chunks[0].batches[0].Records(out, b.tp.Topic, b.tp.Partition)
	if err != nil {
		return out, err
	}
	below := before
	for below < len(out) && out[below].Offset < b.position {
		below++ // a fetch returns whole batches, the first may begin before the offset asked for
	}
	if below > before {
		out = slices.Delete(out, before, below)
	}
	return out, nil
}

// keepBack splits decoded records into those that are taken and the rest, and moves the position.
func (b *buffer) keepBack(decoded []record.Record, taken int) []record.Record {
	if taken < len(decoded) {
		b.rest = decoded[taken:]
		b.position = b.rest[0].Offset
		return decoded[:taken:taken]
	}
	first := &b.chunks[0]
	b.position = first.batches[0].LastOffset + 1
	if first.batches = first.batches[1:]; len(first.batches) == 0 {
		b.position = first.next
		b.bytes -= first.bytes
		b.chunks = b.chunks[1:]
	}
	return decoded
}

// fitting returns how many of the records can be taken, those before index from being so already.
func fitting(records []record.Record, from, maxRecords int, room *int) int {
	n := from
	for n < len(records) && (n == 0 || n < maxRecords) {
		size := sizeOf(&records[n])
		if n > 0 && size > *room {
			break
		}
		*room -= size
		n++
	}
	return n
}

// sizeOf returns the bytes of a record's key, value and headers.
func sizeOf(r *record.Record) int {
	size := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value)
	}
	return size
}
