package recordbatch_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

var writable = []recordbatch.Codec{recordbatch.None, recordbatch.LZ4, recordbatch.Zstd}

// Whatever is written is read again, and every field of the batch with it.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header, records := genHeader().Draw(t, "header"), genRecords().Draw(t, "records")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		buf, err := recordbatch.Append(slices.Clone(before), header, records)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(buf[:len(before)], before) {
			t.Fatal("what stood in the buffer has changed")
		}
		written := buf[len(before):]
		if most := upperBound(records); len(written) > most {
			t.Fatalf("%d bytes, RecordSize promised at most %d", len(written), most)
		}
		batch, rest, err := recordbatch.Next(written)
		if err != nil || len(rest) != 0 {
			t.Fatalf("Next left %d bytes: %v", len(rest), err)
		}
		checkBatch(t, batch, header, len(records), len(written))
		got, err := batch.Records(nil, "topic", 7)
		if err != nil {
			t.Fatal(err)
		}
		equalRecords(t, got, placed(records, "topic", 7, 0, header.Timestamp))
		if _, _, err := recordbatch.Next(rest); !errors.Is(err, io.EOF) {
			t.Fatalf("at the end: %v, want io.EOF", err)
		}
	})
}

// Several batches in a row, the last one cut at every place: the whole ones are read, then comes ErrPartial.
func TestCutOffTail(t *testing.T) {
	var fetched []byte
	for _, value := range []string{"first", "second"} {
		fetched = mustAppend(t, fetched, recordbatch.Header{}, []record.Record{{Value: []byte(value)}})
	}
	first, tail, err := recordbatch.Next(fetched)
	if err != nil || len(tail) != len(fetched)-first.Size {
		t.Fatalf("%d bytes behind the first batch of %d: %v", len(tail), first.Size, err)
	}
	for n := 1; n < len(tail); n++ {
		_, rest, err := recordbatch.Next(tail[:n])
		if !errors.Is(err, recordbatch.ErrPartial) || len(rest) != n {
			t.Fatalf("cut after %d bytes: rest of %d, error %v, want ErrPartial", n, len(rest), err)
		}
	}
}

// Records are appended behind what is there, and what is read shares the memory it was read from.
func TestRecordsAppendAndShare(t *testing.T) {
	buf := mustAppend(t, nil, recordbatch.Header{}, []record.Record{{Key: []byte("key"), Value: []byte("value")}})
	batch := mustNext(t, buf)
	kept := record.Record{Topic: "other", Offset: 99}
	got, err := batch.Records([]record.Record{kept}, "topic", 1)
	if err != nil || len(got) != 2 || got[0].Offset != kept.Offset {
		t.Fatalf("%v, %v", got, err)
	}
	buf[len(buf)-2] = 'E' // the last byte of "value"; behind it is the count of headers
	if string(got[1].Value) != "valuE" {
		t.Errorf("the value %q was copied", got[1].Value)
	}
	if grown := append(got[1].Key, "longer"...); string(grown) != "keylonger" || string(got[1].Value) != "valuE" {
		t.Errorf("appending to a key wrote over the value: %q", got[1].Value)
	}
}

// Where compression does not help, the batch says none.
func TestIncompressibleStaysUncompressed(t *testing.T) {
	records := []record.Record{{Key: []byte("k"), Value: []byte("v")}}
	for _, codec := range writable {
		batch := mustNext(t, mustAppend(t, nil, recordbatch.Header{Codec: codec}, records))
		if batch.Codec != recordbatch.None {
			t.Errorf("one tiny record with %s: codec %s", codec, batch.Codec)
		}
	}
}

// Batches of many compression blocks, larger than what is kept between two; several readers at the same time, which
// share what is kept.
func TestLargeBatches(t *testing.T) {
	records := benchRecords(40_000)
	want := placed(records, "", 0, 0, javaTime)
	for _, codec := range allCodecs {
		t.Run(codec.String(), func(t *testing.T) {
			written := kafkaGoBatch(t, codec, records, time.UnixMilli(javaTime))
			if slices.Contains(writable, codec) {
				written = mustAppend(t, nil, recordbatch.Header{Codec: codec, Timestamp: javaTime}, records)
			}
			batch := mustNext(t, written)
			if batch.Codec != codec {
				t.Fatalf("codec %s", batch.Codec)
			}
			var readers errgroup.Group
			for range 3 {
				readers.Go(func() error {
					got, err := batch.Records(nil, "", 0)
					if err == nil && !slices.EqualFunc(got, want, sameRecord) {
						err = errors.New("other records than were written")
					}
					return err
				})
			}
			if err := readers.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func sameRecord(a, b record.Record) bool { return equalRecord(&a, &b) }

func TestAppendRefuses(t *testing.T) {
	one := []record.Record{{Value: []byte("v")}}
	for name, test := range map[string]struct {
		header  recordbatch.Header
		records []record.Record
		want    error
	}{
		"no records":    {recordbatch.Header{}, nil, recordbatch.ErrNoRecords},
		"gzip":          {recordbatch.Header{Codec: recordbatch.Gzip}, one, recordbatch.ErrCodec},
		"snappy":        {recordbatch.Header{Codec: recordbatch.Snappy}, one, recordbatch.ErrCodec},
		"unknown codec": {recordbatch.Header{Codec: 5}, one, recordbatch.ErrCodec},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := recordbatch.Append([]byte("before"), test.header, test.records)
			if !errors.Is(err, test.want) || string(got) != "before" {
				t.Errorf("%q, %v, want %v", got, err, test.want)
			}
		})
	}
}

func checkBatch(t *rapid.T, batch recordbatch.Batch, h recordbatch.Header, count, size int) {
	t.Helper()
	switch {
	case batch.BaseOffset != 0, batch.LastOffset != int64(count-1), batch.Count != count, batch.LeaderEpoch != -1:
		t.Fatalf("offsets, count or leader epoch: %+v", batch)
	case batch.ProducerID != h.ProducerID, batch.ProducerEpoch != h.ProducerEpoch, batch.BaseSequence != h.BaseSequence:
		t.Fatalf("producer: %+v, written %+v", batch, h)
	case batch.Transactional != h.Transactional, batch.Control, batch.LogAppendTime:
		t.Fatalf("attributes: %+v, written %+v", batch, h)
	case batch.Codec != h.Codec && batch.Codec != recordbatch.None:
		t.Fatalf("codec %s, written %s", batch.Codec, h.Codec)
	case batch.BaseTimestamp != h.Timestamp, batch.MaxTimestamp != h.Timestamp, batch.Size != size:
		t.Fatalf("timestamps or size: %+v, written %+v in %d bytes", batch, h, size)
	}
}
