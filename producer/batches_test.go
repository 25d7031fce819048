package producer_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/recordbatch"
	"cardstream/producer"
	"cardstream/record"
)

// Records that exceed a batch go in several, each in a request of its own, and stay in order.
func TestBatchesAreSplitAtTheLimit(t *testing.T) {
	b := mustBench(t)
	var s saboteur
	const perBatch, batches = 4, 5
	values := numbered(100)[10 : 10+perBatch*batches] // two digits each: all records are of one size
	var records []record.Record
	for _, value := range values {
		records = append(records, b.record(b.out, 0, value), b.record(b.state, 0, value)) // interleaved
	}
	p := producer.NewTransactional(b.open(t, s.on), producer.Config{TransactionalID: b.id,
		MaxBatchBytes: recordbatch.Overhead + perBatch*recordbatch.RecordSize(&records[0])})
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := p.Commit(t.Context(), producer.Transaction{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	for _, tp := range []record.TopicPartition{{Topic: b.out}, {Topic: b.state}} {
		if got := b.committed(t, tp.Topic, 0); !slices.Equal(got, values) {
			t.Errorf("%s holds %q, want %q", tp, got, values)
		}
		if got, want := result.LastOffsets[tp], int64(len(values)-1); got != want {
			t.Errorf("last offset of %s is %d, want %d", tp, got, want)
		}
	}
	if got := s.sent(protocol.Produce); got < batches || got > 2*batches {
		t.Errorf("%d produce requests, want %d for each leader", got, batches)
	}
}

func TestARecordTooLargeIsNamedBeforeAnythingIsSent(t *testing.T) {
	b := mustBench(t)
	var s saboteur
	p := producer.NewTransactional(b.open(t, s.on), producer.Config{TransactionalID: b.id, MaxBatchBytes: 1000})
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx := b.step("fits", 1)
	tx.Records = append(tx.Records, record.Record{Topic: b.out, Value: bytes.Repeat([]byte("x"), 1000)})
	_, err := p.Commit(t.Context(), tx)
	var tooLarge *producer.TooLargeError
	if !errors.Is(err, producer.ErrTooLarge) || !errors.As(err, &tooLarge) || tooLarge.Index != 4 || tooLarge.Limit != 1000 {
		t.Fatalf("the commit says: %v", err)
	}
	if s.sent(protocol.AddPartitionsToTxn) != 0 {
		t.Error("a transaction was begun")
	}
	tx.Records = tx.Records[:4]
	if _, err := p.Commit(t.Context(), tx); err != nil {
		t.Fatalf("without the large record: %v", err)
	}
	b.wantSteps(t, 1, "fits")
}

func TestEveryCodecIsRead(t *testing.T) {
	for _, codec := range []recordbatch.Codec{recordbatch.None, recordbatch.LZ4, recordbatch.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			b := mustBench(t)
			p := producer.NewTransactional(b.open(t), producer.Config{TransactionalID: b.id, Codec: codec})
			if err := p.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			value := string(bytes.Repeat([]byte("compressible "), 100))
			if _, err := p.Commit(t.Context(), b.step(value, 1)); err != nil {
				t.Fatal(err)
			}
			b.wantSteps(t, 1, value)
		})
	}
}

// A producer's memory is used again from one transaction to the next, whatever their sizes.
func TestTransactionsOfAllSizes(t *testing.T) {
	b := mustBench(t)
	p := producer.NewTransactional(b.open(t), producer.Config{TransactionalID: b.id, MaxBatchBytes: 20000})
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want [3][]string
	for _, size := range []int{1, 3000, 2, 500, 1} {
		var records []record.Record
		for i, value := range numbered(size) {
			partition := i * i % 3
			records = append(records, b.record(b.out, int32(partition), value))
			want[partition] = append(want[partition], value)
		}
		if _, err := p.Commit(t.Context(), producer.Transaction{Records: records}); err != nil {
			t.Fatal(err)
		}
	}
	for partition, values := range want {
		if got := b.committed(t, b.out, int32(partition)); !slices.Equal(got, values) {
			t.Errorf("partition %d: %d records, want %d, or in another order", partition, len(got), len(values))
		}
	}
}
