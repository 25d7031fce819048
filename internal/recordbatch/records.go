package recordbatch

import (
	"fmt"
	"slices"
	"unsafe"

	"cardstream/record"
)

// MaxMemory bounds what reading one batch allocates, in bytes: what it decompresses to, and the records and headers
// themselves, of which hostile bytes can hold one in seven bytes and one in two. It is far from what batches of a
// topic's usual 1 MiB come to.
const MaxMemory = 128 << 20

const (
	recordMemory = int(unsafe.Sizeof(record.Record{}))
	headerMemory = int(unsafe.Sizeof(record.Header{}))

	minRecordSize = 7 // bytes on the wire of a record without key, value and headers
	minHeaderSize = 2
)

// Records appends the batch's records to dst, like the built-in append. Of an uncompressed batch, keys, values and
// header values lie in the bytes that Next was given; of a compressed one, they share one new buffer. Either way they
// are for reading only. Header keys are copies. Records of a control batch are returned like others: the caller asks
// for Control first.
//
// Errors are ErrCorrupt and ErrTooLarge; dst is then returned with its content as it was.
func (b *Batch) Records(dst []record.Record, topic string, partition int32) ([]record.Record, error) {
	start := len(dst)
	dst, err := b.appendRecords(dst, topic, partition)
	if err != nil {
		clear(dst[start:])
		return dst[:start], fmt.Errorf("batch at offset %d: %w", b.BaseOffset, err)
	}
	return dst, nil
}

func (b *Batch) appendRecords(dst []record.Record, topic string, partition int32) ([]record.Record, error) {
	payload, err := b.decompressed()
	if err != nil {
		return dst, err
	}
	memory := MaxMemory - b.Count*recordMemory
	if b.Codec != None {
		memory -= len(payload)
	}
	if b.Count > len(payload)/minRecordSize {
		return dst, corrupt("%d records do not fit into %d bytes", b.Count, len(payload))
	}
	if memory < 0 {
		return dst, fmt.Errorf("%w: %d records in %d bytes", ErrTooLarge, b.Count, len(payload))
	}
	d := decoder{batch: *b, cursor: cursor{b: payload}, lastDelta: -1, memory: memory, unread: b.Count}
	dst = slices.Grow(dst, b.Count)
	for i := range b.Count {
		dst = append(dst, record.Record{Topic: topic, Partition: partition})
		if err := d.record(&dst[len(dst)-1]); err != nil {
			return dst, fmt.Errorf("record %d of %d: %w", i, b.Count, err)
		}
	}
	if d.left() != 0 {
		return dst, corrupt("%d bytes are left over behind its %d records", d.left(), b.Count)
	}
	return dst, nil
}

// decompressed returns the batch's records as they were before compression.
func (b *Batch) decompressed() ([]byte, error) {
	if b.Codec == None || len(b.payload) == 0 { // nothing was compressed in a batch that compaction emptied
		return b.payload, nil
	}
	return decompress(b.payload, b.Codec)
}

// decoder reads the records of one batch, one after another.
type decoder struct {
	cursor
	batch     Batch           // a copy: by a pointer it would escape to the heap together with what records keep
	lastDelta int64           // offset delta of the last record read, -1 at first
	memory    int             // bytes that may still be allocated
	unread    int             // records, that being read included
	headers   []record.Header // room for the headers of this record and the next ones
	previous  []record.Header // of the last record that had any
}

// record reads the next record into r, whose topic and partition are set.
func (d *decoder) record(r *record.Record) error {
	length := d.varint()
	if length < 0 || length > int64(d.left()) {
		return corrupt("a length of %d where %d bytes are left", length, d.left())
	}
	end := d.at + int(length)
	d.skip(1) // attributes: none exist
	timestampDelta := d.varint()
	offsetDelta := d.varint()
	r.Key = d.bytes()
	r.Value = d.bytes()
	if err := d.recordHeaders(r, end); err != nil {
		return err
	}
	if d.failed || d.at != end {
		return corrupt("its fields do not take the %d bytes that it is long", length)
	}
	if offsetDelta <= d.lastDelta || offsetDelta > d.batch.LastOffset-d.batch.BaseOffset {
		return corrupt("an offset delta of %d behind one of %d", offsetDelta, d.lastDelta)
	}
	d.lastDelta = offsetDelta
	d.unread--
	r.Offset = d.batch.BaseOffset + offsetDelta
	r.Timestamp = d.batch.BaseTimestamp + timestampDelta
	if d.batch.LogAppendTime {
		r.Timestamp = d.batch.MaxTimestamp
	}
	return nil
}

// recordHeaders reads a record's headers, which end at the given place.
func (d *decoder) recordHeaders(r *record.Record, end int) error {
	count := d.varint()
	if count == 0 {
		return nil
	}
	if count < 0 || count > int64(end-d.at)/minHeaderSize {
		return corrupt("%d headers in %d bytes", count, end-d.at)
	}
	headers, err := d.newHeaders(int(count))
	if err != nil {
		return err
	}
	for i := range headers {
		if headers[i].Key, err = d.headerKey(i); err != nil {
			return err
		}
		headers[i].Value = d.bytes()
	}
	r.Headers, d.previous = headers, headers
	return nil
}

// newHeaders returns room for n headers. It is allocated for the rest of the batch at once, as if the records to come
// had as many.
func (d *decoder) newHeaders(n int) ([]record.Header, error) {
	if n > len(d.headers) {
		room := max(n, min(n*d.unread, d.left()/minHeaderSize))
		if err := d.take(room * headerMemory); err != nil {
			return nil, err
		}
		d.headers = make([]record.Header, room)
	}
	headers := d.headers[:n:n]
	d.headers = d.headers[n:]
	return headers, nil
}

// headerKey reads the key of a record's i-th header. Most records of a batch have the same ones: a key that the last
// record had in that place is shared and not allocated again.
func (d *decoder) headerKey(i int) (string, error) {
	length := d.varint()
	if length < 0 || length > int64(d.left()) {
		return "", corrupt("a header's key of %d bytes where %d are left", length, d.left())
	}
	key := d.b[d.at : d.at+int(length)]
	d.skip(int(length))
	if i < len(d.previous) && d.previous[i].Key == string(key) {
		return d.previous[i].Key, nil
	}
	return string(key), d.take(len(key))
}

// take counts bytes that are to be allocated, or just were, against MaxMemory.
func (d *decoder) take(bytes int) error {
	if d.memory -= bytes; d.memory < 0 {
		return fmt.Errorf("%w: its headers take more than %d bytes of memory", ErrTooLarge, MaxMemory)
	}
	return nil
}
