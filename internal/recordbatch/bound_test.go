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

// A batch of a few hundred kilobytes which decompresses to more than may be is refused, by each codec.
func TestDecompressionBomb(t *testing.T) {
	for codec, bomb := range map[recordbatch.Codec][]byte{
		recordbatch.Gzip: bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, 1) }),
		recordbatch.LZ4:  bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }),
		recordbatch.Zstd: bombOf(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		// Nothing behind the length: it alone must not be believed.
		recordbatch.Snappy: binary.AppendUvarint(nil, recordbatch.MaxMemory+1),
	} {
		t.Run(codec.String(), func(t *testing.T) {
			batch := compressedBatch(t, codec, bomb, 1)
			if _, err := batch.Records(nil, "", 0); !errors.Is(err, recordbatch.ErrTooLarge) {
				t.Errorf("%d bytes: %v, want ErrTooLarge", len(bomb), err)
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
			batch := compressedBatch(t, recordbatch.Snappy, append(bytes.Clone(header), test.blocks...), 1)
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
	batch := compressedBatch(t, recordbatch.Snappy, framed, 3)
	equalRecords(t, mustRecords(t, batch), mustRecords(t, mustNext(t, corruptible(t))))
}

// Records are sixteen times, headers twenty times as large in memory as they can be in a batch.
func TestTooManyRecordsAndHeaders(t *testing.T) {
	const records = 2 << 20
	tiny := mustAppend(t, nil, recordbatch.Header{}, make([]record.Record, records))
	headers := mustAppend(t, nil, recordbatch.Header{}, []record.Record{{Headers: make([]record.Header, 4<<20)}})
	for name, b := range map[string][]byte{"records": tiny, "headers": headers} {
		batch := mustNext(t, b)
		var err error
		took := allocated(func() { _, err = batch.Records(nil, "", 0) })
		if !errors.Is(err, recordbatch.ErrTooLarge) {
			t.Errorf("%s in %d bytes: %v, want ErrTooLarge", name, len(b), err)
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

// compressedBatch is a batch with that payload, right but for what the payload holds.
func compressedBatch(t *testing.T, codec recordbatch.Codec, payload []byte, count uint32) recordbatch.Batch {
	t.Helper()
	b := append(corruptible(t)[:recordbatch.Overhead], payload...)
	b[22] = byte(codec)
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
