package recordbatch_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// corruptible is a batch of three records whose bytes are easy to name: each takes recordSize, and the record at i is
//
//	length 10, attributes, timestamp delta, offset delta i, key length 1, 'k', value length 1, 'v', headers 0
const recordSize = 9

func corruptible(t tb) []byte {
	one := record.Record{Key: []byte("k"), Value: []byte("v")}
	b := mustAppend(t, nil, recordbatch.Header{}, []record.Record{one, one, one})
	if len(b) != recordbatch.Overhead+3*recordSize {
		t.Fatalf("%d bytes", len(b))
	}
	return b
}

// recordAt returns where a field of the i-th record is.
func recordAt(i, field int) int { return recordbatch.Overhead + i*recordSize + field }

// Every single bit that flips is noticed, except in front of what the checksum covers: there a broker writes.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	good := corruptible(t)
	for at := 16; at < len(good); at++ {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[at] ^= 1 << bit
			if _, _, err := recordbatch.Next(bad); err == nil {
				t.Fatalf("bit %d of byte %d is flipped, and nothing said so", bit, at)
			}
		}
	}
}

// Batches whose checksum is right and whose content is not.
func TestCorrupt(t *testing.T) {
	put := func(at int, bytes ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], bytes); return b }
	}
	set32 := func(at int, v int32) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint32(b[at:], uint32(v)); return b }
	}
	set64 := func(at int, v int64) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint64(b[at:], uint64(v)); return b }
	}
	for name, spoil := range map[string]func([]byte) []byte{
		"magic of the future":               put(16, 3),
		"negative base offset":              set64(0, -1),
		"offsets beyond the last one":       set64(0, 1<<63-3),
		"negative last offset delta":        set32(23, -1),
		"negative count":                    set32(57, -1),
		"more records than offsets":         set32(57, 4),
		"more records than bytes":           func(b []byte) []byte { return set32(57, 1<<31-1)(set32(23, 1<<31-1)(b)) },
		"fewer records than bytes":          set32(57, 2),
		"offset delta beyond the last one":  put(recordAt(2, 3), 10),
		"record length negative":            put(recordAt(0, 0), 1),
		"record length beyond the end":      put(recordAt(2, 0), 60),
		"record length short":               put(recordAt(0, 0), 14),
		"record length cut off":             put(recordAt(2, 0), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"record length of more than 64 bit": put(recordAt(1, 0), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2),
		"offset delta negative":             put(recordAt(0, 3), 1),
		"offset delta repeated":             put(recordAt(1, 3), 0),
		"offset delta falling":              put(recordAt(2, 3), 2),
		"key beyond the record":             put(recordAt(0, 4), 20),
		"key beyond the batch":              put(recordAt(2, 4), 126),
		"value beyond the record":           put(recordAt(0, 6), 20),
		"headers negative":                  put(recordAt(2, 8), 1),
		"headers beyond the record":         put(recordAt(2, 8), 4),
		"header without its value":          put(recordAt(2, 4), 1, 1, 2, 2, 'x'), // null key and value, one header
		"header key null":                   put(recordAt(2, 4), 1, 1, 2, 1, 1),
		"codec that does not exist":         put(22, 5),
		"codec that it is not":              put(22, byte(recordbatch.Zstd)),
		"bytes behind the last record":      func(b []byte) []byte { return append(b, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := read(sealed(spoil(corruptible(t)))); !errors.Is(err, recordbatch.ErrCorrupt) {
				t.Errorf("%v, want ErrCorrupt", err)
			}
		})
	}
}

// What a batch says of itself is checked before anyone relies on it, not only when its records are read.
func TestNextRefusesMoreRecordsThanOffsets(t *testing.T) {
	b := corruptible(t)
	binary.BigEndian.PutUint32(b[57:], 4)
	if _, _, err := recordbatch.Next(sealed(b)); !errors.Is(err, recordbatch.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

// Lengths which a fetch cannot be walked by, whatever is behind them.
func TestCorruptLength(t *testing.T) {
	for _, length := range []int32{-1 << 31, -1, 0, recordbatch.Overhead - 12 - 1} {
		b := corruptible(t)
		binary.BigEndian.PutUint32(b[8:], uint32(length))
		if _, _, err := recordbatch.Next(b); !errors.Is(err, recordbatch.ErrCorrupt) {
			t.Errorf("length %d: %v, want ErrCorrupt", length, err)
		}
	}
}

// Kafka's broker takes any negative length as null, so records with one may stand in a topic.
func TestAnyNegativeLengthIsNull(t *testing.T) {
	b := corruptible(t)
	copy(b[recordAt(2, 4):], []byte{3, 7, 2, 0, 5}) // key of -2, value of -4, one header: key of 0, value of -3
	batch := mustNext(t, sealed(b))
	got, want := mustRecords(t, batch)[2], record.Record{Offset: 2, Headers: []record.Header{{}}}
	if !equalRecord(&got, &want) {
		t.Errorf("%+v", got)
	}
}

// A control batch may hold what is no marker.
func TestCorruptMarker(t *testing.T) {
	b := mustAppend(t, nil, recordbatch.Header{}, []record.Record{{Key: []byte{0, 0, 0}}})
	b[22] |= 1 << 5
	batch := mustNext(t, sealed(b))
	if _, err := batch.Marker(); !errors.Is(err, recordbatch.ErrCorrupt) {
		t.Errorf("a key of three bytes: %v, want ErrCorrupt", err)
	}
}

// read reads all batches of b and their records, as far as there is no error.
func read(b []byte) error {
	for len(b) > 0 {
		batch, rest, err := recordbatch.Next(b)
		if err != nil {
			return err
		}
		before := []record.Record{{Offset: -1}}
		records, err := batch.Records(before, "", 0)
		if err != nil {
			if len(records) != 1 {
				return errors.New("records are left of a batch that was refused")
			}
			return err
		}
		b = rest
	}
	return nil
}
