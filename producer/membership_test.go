package producer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/syncgroup"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/producer"
)

// membership is what a test says of this process's place in its group.
type membership struct {
	memberID   string
	generation int32
	refusals   []int32 // the generations that were refused
	after      func() (memberID string, generation int32, err error)
}

func (m *membership) Current() (string, int32) { return m.memberID, m.generation }

func (m *membership) AfterRefusal(_ context.Context, refused int32) (string, int32, error) {
	m.refusals = append(m.refusals, refused)
	return m.after()
}

// mustJoin makes a client the only member of the bench's group.
func (b bench) mustJoin(tb testing.TB, client *cluster.Client) (memberID string, generation int32) {
	tb.Helper()
	coordinator := client.Coordinator(cluster.GroupCoordinator, b.group)
	var joined *joingroup.Response
	for joined == nil || joined.ErrorCode == int16(cluster.MemberIDRequired) {
		answer, err := coordinator.RoundTrip(tb.Context(), &joingroup.Request{
			GroupID: b.group, SessionTimeoutMS: 60000, RebalanceTimeoutMS: 10000, ProtocolType: "test", MemberID: memberID,
			Protocols: []joingroup.RequestProtocol{{Name: "p", Metadata: []byte{}}}})
		if err != nil {
			tb.Fatal(err)
		}
		joined = answer.(*joingroup.Response)
		memberID = joined.MemberID
	}
	answer, err := coordinator.RoundTrip(tb.Context(), &syncgroup.Request{
		GroupID: b.group, MemberID: memberID, GenerationID: joined.GenerationID, ProtocolType: "test", ProtocolName: "p",
		Assignments: []syncgroup.RequestAssignment{{MemberID: memberID, Assignment: []byte{}}}})
	if err != nil {
		tb.Fatal(err)
	}
	synced := answer.(*syncgroup.Response)
	if err := errors.Join(cluster.ErrorOf(joined.ErrorCode), cluster.ErrorOf(synced.ErrorCode)); err != nil {
		tb.Fatal(err)
	}
	return memberID, joined.GenerationID
}

func TestOffsetsAreAMembersOfThePresentGeneration(t *testing.T) {
	inBothVersions(t, offsetsAreAMembersOfThePresentGeneration)
}

func offsetsAreAMembersOfThePresentGeneration(t *testing.T, b bench) {
	client := b.open(t)
	memberID, generation := b.mustJoin(t, client)
	p := b.mustInit(t, client)

	lost := errors.New("no longer a member")
	stranger := &membership{memberID: "stranger", generation: generation,
		after: func() (string, int32, error) { return "", 0, lost }}
	tx := b.step("a stranger's", 1)
	tx.Membership = stranger
	if _, err := p.Commit(t.Context(), tx); !errors.Is(err, lost) {
		t.Errorf("a stranger's commit says: %v", err)
	}
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}

	late := &membership{memberID: memberID, generation: generation - 1,
		after: func() (string, int32, error) { return memberID, generation, nil }}
	tx = b.step("0", 1)
	tx.Membership = late
	if _, err := p.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if len(late.refusals) != 1 || late.refusals[0] != generation-1 {
		t.Errorf("generations refused: %v, want %d once", late.refusals, generation-1)
	}
	b.wantSteps(t, 1, "0")
}

// Whatever a refusal is called, the membership is asked as often as it takes.
func TestRefusalsAskTheMembership(t *testing.T) {
	for _, refusal := range []*kerr.Error{kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.RebalanceInProgress} {
		t.Run(refusal.Message, func(t *testing.T) {
			b := mustFaultyBench(t)
			p := b.mustInit(t, b.open(t))
			b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: refusal, Count: 3})
			m := &membership{generation: -1, after: func() (string, int32, error) { return "", -1, nil }}
			tx := b.step("0", 1)
			tx.Membership = m
			if _, err := p.Commit(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			if len(m.refusals) != 3 {
				t.Errorf("asked %d times, want 3", len(m.refusals))
			}
			b.wantSteps(t, 1, "0")
		})
	}
}

func TestABarrierIsNeverRead(t *testing.T) { inBothVersions(t, aBarrierIsNeverRead) }

func aBarrierIsNeverRead(t *testing.T, b bench) {
	p := b.mustInit(t, b.open(t))
	if _, err := p.Commit(t.Context(), b.step("0", 1)); err != nil {
		t.Fatal(err)
	}
	tx := b.step("barrier", 9)
	tx.Records = tx.Records[len(tx.Records)-1:]
	result, err := p.Barrier(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	offset := result.LastOffsets[tx.Records[0].TopicPartition()]
	want := int64(2) // behind one record and its marker
	if b.settles {
		want++
	}
	if offset != want {
		t.Errorf("the barrier is at %d, want %d", offset, want)
	}
	b.wantSteps(t, 1, "0")
	if _, err := p.Commit(t.Context(), b.step("1", 2)); err != nil {
		t.Fatalf("after a barrier: %v", err)
	}
	b.wantSteps(t, 2, "0", "1")

	if _, err := p.Barrier(t.Context(), b.step("four records", 9)); !errors.Is(err, producer.ErrInvalid) {
		t.Errorf("a barrier of four records: %v", err)
	}
}

func TestABarrierNeedsTheGenerationToo(t *testing.T) {
	inBothVersions(t, aBarrierNeedsTheGenerationToo)
}

func aBarrierNeedsTheGenerationToo(t *testing.T, b bench) {
	client := b.open(t)
	_, generation := b.mustJoin(t, client)
	p := b.mustInit(t, client)
	lost := errors.New("no longer a member")
	tx := b.step("barrier", 9)
	tx.Records = tx.Records[:1]
	tx.Membership = &membership{memberID: "stranger", generation: generation,
		after: func() (string, int32, error) { return "", 0, lost }}
	if _, err := p.Barrier(t.Context(), tx); !errors.Is(err, lost) {
		t.Errorf("a stranger's barrier says: %v", err)
	}
}
