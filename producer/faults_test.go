package producer_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// mustBenchOf starts a cluster whose transactions take such a request.
func mustBenchOf(t *testing.T, key kmsg.Key) bench {
	t.Helper()
	if key == kmsg.AddPartitionsToTxn || key == kmsg.AddOffsetsToTxn {
		return mustAnnouncingBench(t)
	}
	return mustFaultyBench(t)
}

// What can be sent again is, and is committed once. That a broker may have done it before it answered with an error is
// kfake's doing too: it writes and then answers REQUEST_TIMED_OUT or NOT_ENOUGH_REPLICAS_AFTER_APPEND.
func TestWhatPassesIsSatOut(t *testing.T) {
	coordinator := []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress}
	transaction := append([]*kerr.Error{kerr.ConcurrentTransactions}, coordinator...)
	for key, errs := range map[kmsg.Key][]*kerr.Error{
		kmsg.InitProducerID:     transaction,
		kmsg.AddPartitionsToTxn: transaction,
		kmsg.AddOffsetsToTxn:    transaction,
		kmsg.EndTxn:             transaction,
		kmsg.TxnOffsetCommit:    coordinator,
		kmsg.FindCoordinator:    {kerr.CoordinatorNotAvailable},
		kmsg.Metadata:           {kerr.LeaderNotAvailable},
		kmsg.Produce: {kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut,
			kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.KafkaStorageError, kerr.UnknownTopicOrPartition,
			kerr.CorruptMessage},
	} {
		for _, injected := range errs {
			t.Run(key.Name()+" "+injected.Message, func(t *testing.T) {
				t.Parallel()
				b := mustBenchOf(t, key)
				fault := b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: injected, Count: 3})
				p := b.mustInit(t, b.open(t))
				for i, value := range numbered(2) {
					if _, err := p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
						t.Fatal(err)
					}
				}
				if hits := fault.Hits(); hits != 3 {
					t.Errorf("%d requests were answered with the error, want 3", hits)
				}
				fault.Remove()
				b.wantSteps(t, 2, numbered(2)...)
			})
		}
	}
}

// What does not pass ends the transaction, and nothing of it is ever read as committed. Init makes a new start.
func TestWhatDoesNotPassNeedsInit(t *testing.T) {
	for _, c := range []struct {
		key      kmsg.Key
		injected *kerr.Error
		want     cluster.Kind
		unknown  bool
	}{
		{kmsg.AddPartitionsToTxn, kerr.InvalidProducerIDMapping, cluster.RestartTask, false},
		{kmsg.AddPartitionsToTxn, kerr.TopicAuthorizationFailed, cluster.Stop, false},
		{kmsg.AddPartitionsToTxn, kerr.InvalidTxnState, cluster.RestartTask, false},
		{kmsg.Produce, kerr.InvalidProducerEpoch, cluster.RestartTask, false},
		{kmsg.Produce, kerr.OutOfOrderSequenceNumber, cluster.RestartTask, false},
		{kmsg.Produce, kerr.MessageTooLarge, cluster.Stop, false},
		{kmsg.Produce, kerr.TopicAuthorizationFailed, cluster.Stop, false},
		{kmsg.Produce, kerr.UnknownServerError, cluster.RestartTask, false},
		{kmsg.Produce, kerr.TransactionAbortable, cluster.RestartTask, false},
		{kmsg.AddOffsetsToTxn, kerr.GroupAuthorizationFailed, cluster.Stop, false},
		{kmsg.TxnOffsetCommit, kerr.IllegalGeneration, cluster.RestartTask, false}, // without a membership to ask
		{kmsg.TxnOffsetCommit, kerr.FencedInstanceID, cluster.Stop, false},
		{kmsg.EndTxn, kerr.ProducerFenced, cluster.RestartTask, true},
		{kmsg.EndTxn, kerr.InvalidTxnState, cluster.RestartTask, true},
		{kmsg.EndTxn, kerr.UnknownServerError, cluster.RestartTask, true},
	} {
		t.Run(c.key.Name()+" "+c.injected.Message, func(t *testing.T) {
			t.Parallel()
			b := mustBenchOf(t, c.key)
			p := b.mustInit(t, b.open(t))
			b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{c.key}, Err: c.injected, Count: 1})
			_, err := p.Commit(t.Context(), b.step("lost", 1))
			if !errors.Is(err, cluster.Error(c.injected.Code)) || errors.Is(err, producer.ErrOutcomeUnknown) != c.unknown {
				t.Errorf("the commit says: %v", err)
			}
			if kind := cluster.KindOf(err); kind != c.want {
				t.Errorf("kind %v, want %v", kind, c.want)
			}
			if _, err := p.Commit(t.Context(), b.step("after", 2)); !errors.Is(err, producer.ErrNotInitialized) {
				t.Errorf("went on without Init: %v", err)
			}
			if err := p.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.wantSteps(t, -1)
			for i, value := range numbered(2) { // sequences begin anew, whatever number the lost batches had
				if _, err := p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
					t.Fatal(err)
				}
			}
			b.wantSteps(t, 2, numbered(2)...)
		})
	}
}

// A broker that has the batch, but no longer remembers where, says so by a code of its own.
func TestADuplicateIsWritten(t *testing.T) {
	b := mustFaultyBench(t)
	client := b.open(t)
	forgetWhere := kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: b.state, Err: kerr.DuplicateSequenceNumber, Count: 1}
	b.Embedded.Kafka().Fault(forgetWhere)
	result, err := b.mustInit(t, client).Commit(t.Context(), b.step("0", 1))
	if err != nil {
		t.Fatal(err)
	}
	for tp, offset := range result.LastOffsets {
		if want := tp.Topic == b.state; want != (offset == producer.UnknownOffset) {
			t.Errorf("last offset of %s is %d", tp, offset)
		}
	}
	b.Embedded.Kafka().Fault(forgetWhere)
	deliveries, err := producer.NewIdempotent(client, producer.IdempotentConfig{}).
		Produce(t.Context(), []record.Record{b.record(b.state, 0, "x")})
	want := producer.Delivery{Fate: producer.Written, Offset: producer.UnknownOffset}
	if err != nil || deliveries[0] != want {
		t.Errorf("delivered %+v, %v; want %+v", deliveries, err, want)
	}
}

func TestAMissingTopicStops(t *testing.T) {
	b := mustFaultyBench(t)
	p := producer.NewTransactional(b.open(t), producer.Config{TransactionalID: b.id})
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := p.Commit(t.Context(), producer.Transaction{Records: []record.Record{{Topic: "missing", Value: []byte("v")}}})
	if !errors.Is(err, cluster.UnknownTopicOrPartition) || cluster.KindOf(err) != cluster.Stop {
		t.Errorf("writing to a topic that is not there: %v, kind %v", err, cluster.KindOf(err))
	}
}

// Leaders and coordinators move between transactions, and nothing is written twice.
func TestEverythingMoves(t *testing.T) {
	b := mustFaultyBench(t)
	p := b.mustInit(t, b.open(t))
	for i, value := range numbered(10) {
		if i%2 == 1 {
			b.Embedded.Kafka().ShufflePartitionLeaders()
		}
		if i%3 == 2 {
			b.Embedded.Kafka().RehashCoordinators()
		}
		if _, err := p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	b.wantSteps(t, 10, numbered(10)...)
}
