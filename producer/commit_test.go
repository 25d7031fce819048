package producer_test

import (
	"errors"
	"testing"
	"time"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

func TestCommitsAreReadInOrder(t *testing.T) { inBothVersions(t, commitsAreReadInOrder) }

func commitsAreReadInOrder(t *testing.T, b bench) {
	p := b.mustInit(t, b.open(t))
	start := time.Now().UnixMilli()
	var last producer.Result
	for i, value := range numbered(5) {
		var err error
		if last, err = p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	b.wantSteps(t, 5, numbered(5)...)
	lastOffset := int64(8) // a record and a marker for each of four steps are before it
	if b.settles {
		lastOffset++
	}
	for tp, offset := range last.LastOffsets {
		if offset != lastOffset {
			t.Errorf("last offset of %s is %d, want %d", tp, offset, lastOffset)
		}
	}
	if len(last.LastOffsets) != 4 {
		t.Errorf("last offsets %v, want four", last.LastOffsets)
	}
	if now := time.Now().UnixMilli(); last.AppendTime < start || last.AppendTime > now {
		t.Errorf("append time %d is not between %d and %d", last.AppendTime, start, now)
	}
	if last.Begin <= 0 || last.Produce <= 0 || last.OffsetCommit <= 0 || last.End <= 0 {
		t.Errorf("a phase took no time: %+v", last)
	}
}

func TestARecordArrivesAsItIs(t *testing.T) {
	b := mustBench(t)
	p := b.mustInit(t, b.open(t))
	tombstone := record.Record{Topic: b.state, Key: []byte("gone")}
	full := record.Record{Topic: b.state, Key: []byte("k"), Value: []byte{}, Headers: []record.Header{
		{Key: "null"}, {Key: "empty", Value: []byte{}}, {Key: "full", Value: []byte("v")}}}
	if _, err := p.Commit(t.Context(), producer.Transaction{Records: []record.Record{tombstone, full}}); err != nil {
		t.Fatal(err)
	}
	got := b.read(t, b.state, 0)
	if len(got) != 2 || got[0].Value != nil || string(got[0].Key) != "gone" {
		t.Fatalf("tombstone read as %+v", got)
	}
	if r := got[1]; r.Value == nil || len(r.Value) != 0 || len(r.Headers) != 3 || string(r.Headers[2].Value) != "v" {
		t.Errorf("record read as %+v", r)
	}
}

func TestOffsetsAlone(t *testing.T) { inBothVersions(t, offsetsAlone) }

func offsetsAlone(t *testing.T, b bench) {
	p := b.mustInit(t, b.open(t))
	for next := range int64(3) {
		tx := producer.Transaction{Offsets: map[record.TopicPartition]int64{{Topic: b.in}: next + 1}, Group: b.group}
		if _, err := p.Commit(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	b.wantSteps(t, 3)
}

func TestNothingIsCommittedAtNoCost(t *testing.T) { inBothVersions(t, nothingIsCommittedAtNoCost) }

func nothingIsCommittedAtNoCost(t *testing.T, b bench) {
	p := b.mustInit(t, b.open(t))
	if _, err := p.Commit(t.Context(), producer.Transaction{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(t.Context(), b.step("after", 1)); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 1, "after")
}

func TestOffsetsNeedAGroup(t *testing.T) {
	b := mustBench(t)
	p := b.mustInit(t, b.open(t))
	tx := b.step("x", 1)
	tx.Group = ""
	if _, err := p.Commit(t.Context(), tx); !errors.Is(err, producer.ErrInvalid) {
		t.Fatalf("committed offsets of no group: %v", err)
	}
	if _, err := p.Commit(t.Context(), b.step("after", 1)); err != nil {
		t.Fatalf("nothing was sent, but: %v", err)
	}
}

func TestCommitNeedsInit(t *testing.T) {
	b := mustBench(t)
	p := producer.NewTransactional(b.open(t), producer.Config{TransactionalID: b.id})
	_, err := p.Commit(t.Context(), b.step("x", 1))
	if !errors.Is(err, producer.ErrNotInitialized) || cluster.KindOf(err) != cluster.RestartTask {
		t.Fatalf("committed before Init: %v, kind %v", err, cluster.KindOf(err))
	}
}

// The lock that correctness rests on: after a new owner's Init nothing of the old one can be committed.
func TestANewOwnerFencesTheOld(t *testing.T) {
	b := mustBench(t)
	old := b.mustInit(t, b.open(t))
	if _, err := old.Commit(t.Context(), b.step("0", 1)); err != nil {
		t.Fatal(err)
	}
	owner := b.mustInit(t, b.open(t))
	_, err := old.Commit(t.Context(), b.step("of the old one", 7))
	if !errors.Is(err, cluster.ProducerFenced) && !errors.Is(err, cluster.InvalidProducerEpoch) {
		t.Errorf("the old owner committed: %v", err)
	}
	if cluster.KindOf(err) != cluster.RestartTask {
		t.Errorf("being fenced is %v, want a restart of the task", cluster.KindOf(err))
	}
	if _, err := old.Commit(t.Context(), b.step("again", 8)); !errors.Is(err, producer.ErrNotInitialized) {
		t.Errorf("a fenced producer went on: %v", err)
	}
	if _, err := owner.Commit(t.Context(), b.step("1", 2)); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 2, "0", "1")
}
