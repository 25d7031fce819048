package recordbatch_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// A batch of some megabytes which decompresses to many times what may be is refused by each codec, and before it is
// decompressed: sixteen parts which are too much each.
func TestDecompressionBomb(t *testing.T) {
	const parts, allowed = 16, 8 * recordbatch.MaxMemory // a buffer that grows is allocated several times
	for codec, bomb := range map[recordbatch.Codec][]byte{
		recordbatch.Gzip: bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, 1) }),
		recordbatch.LZ4:  bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }),
		recordbatch.Zstd: bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		// Nothing behind the length: it alone must not be believed.
		recordbatch.Snappy: binary.AppendUvarint(nil, recordbatch.MaxMemory+1),
	} {
		t.Run(codec.String(), func(t *testing.T) {
			batch := batchOf(t, codec, bytes.Repeat(bomb, parts), 1)
			var err error
			took := allocated(func() { _, err = batch.Records(nil, "", 0) })
			if !errors.Is(err, recordbatch.ErrTooLarge) || took > allowed {
				t.Errorf("%d bytes: %v, want ErrTooLarge; %d bytes were allocated", batch.Size, err, took)
			}
		})
	}
}

// Xerial's frames are bounded together, and each by what is there.
func TestXerialBounds(t *testing.T) {
	header := []byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
	half := binary.AppendUvarint(nil, recordbatch.MaxMemory/2+1)
	block := append(binary.BigEndian.AppendUint32(nil, uint32(len(half))), half...)
	for name, test := range map[string]struct {
		blocks []byte
		want   error
	}{
		"blocks together too large": {bytes.Repeat(block, 2), recordbatch.ErrTooLarge},
		"length beyond the end":     {[]byte{0xff, 0xff, 0xff, 0xff, 0}, recordbatch.ErrCorrupt},
		"length cut off":            {[]byte{0, 0, 0}, recordbatch.ErrCorrupt},
		"block that is none":        {[]byte{0, 0, 0, 1, 0xff}, recordbatch.ErrCorrupt},
		"empty block":               {[]byte{0, 0, 0, 0}, recordbatch.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			batch := batchOf(t, recordbatch.Snappy, append(bytes.Clone(header), test.blocks...), 1)
			if _, err := batch.Records(nil, "", 0); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// More frames than one, as some writers make of a long batch, are read as one.
func TestXerialBlocks(t *testing.T) {
	plain := corruptible(t)[recordbatch.Overhead:]
	framed := []byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
	for part := range slices.Chunk(plain, 10) {
		block := snappy.Encode(nil, part)
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(block))), block...)
	}
	batch := batchOf(t, recordbatch.Snappy, framed, 3)
	equalRecords(t, mustRecords(t, batch), mustRecords(t, mustNext(t, corruptible(t))))
}

// Records are sixteen times, headers twenty times as large in memory as they can be in a batch.
func TestTooManyRecordsAndHeaders(t *testing.T) {
	const records, headers = recordbatch.MaxMemory/100 + 1, recordbatch.MaxMemory/40 + 1
	nullHeaders := bytes.Repeat([]byte{0, 1}, headers) // empty key, null value
	oneRecord := binary.AppendVarint([]byte{0, 0, 0, 1, 1}, headers)
	oneRecord = append(binary.AppendVarint(nil, int64(len(oneRecord)+len(nullHeaders))), oneRecord...)
	for name, batch := range map[string]recordbatch.Batch{
		"records": batchOf(t, recordbatch.None, bytes.Repeat([]byte{12, 0, 0, 0, 1, 1, 0}, records), records),
		"headers": batchOf(t, recordbatch.None, append(oneRecord, nullHeaders...), 1),
	} {
		var err error
		took := allocated(func() { _, err = batch.Records(nil, "", 0) })
		if !errors.Is(err, recordbatch.ErrTooLarge) {
			t.Errorf("%s in %d bytes: %v, want ErrTooLarge", name, batch.Size, err)
		}
		if took > 1<<20 {
			t.Errorf("%s: %d bytes were allocated before that was found", name, took)
		}
	}
}

// A count that the bytes cannot hold costs nothing.
func TestHugeCountAllocatesNothing(t *testing.T) {
	b := corruptible(t)
	binary.BigEndian.PutUint32(b[23:], 1<<31-1)
	binary.BigEndian.PutUint32(b[57:], 1<<31-1)
	batch := mustNext(t, sealed(b))
	if took := allocated(func() { _, _ = batch.Records(nil, "", 0) }); took > 1<<16 {
		t.Errorf("%d bytes were allocated", took)
	}
}

func TestAllocations(t *testing.T) {
	records := benchRecords(100)
	for i := range records {
		records[i].Headers = []record.Header{{Key: "cardstream.source.topic", Value: []byte("t")}}
	}
	h := recordbatch.Header{}
	buf := mustAppend(t, nil, h, records)
	allocs(t, "Append", 0, func() { buf = mustAppend(t, buf[:0], h, records) })

	var got []record.Record
	allocs(t, "Next and Records", 2, func() { // room for all headers, and the key that they share
		batch := mustNext(t, buf)
		var err error
		if got, err = batch.Records(got[:0], "topic", 0); err != nil {
			t.Fatal(err)
		}
	})
}

// bombOf compresses more zeros than may be.
func bombOf(t *testing.T, newWriter func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := newWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range recordbatch.MaxMemory/len(zeros) + 1 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// batchOf is a batch with that payload, right but for what the payload holds.
func batchOf(t *testing.T, codec recordbatch.Codec, payload []byte, count uint32) recordbatch.Batch {
	t.Helper()
	b := append(corruptible(t)[:recordbatch.Overhead], payload...)
	b[22] = byte(codec)
	binary.BigEndian.PutUint32(b[23:], count-1)
	binary.BigEndian.PutUint32(b[57:], count)
	return mustNext(t, sealed(b))
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
