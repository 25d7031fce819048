package devkafka_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"cardstream/internal/devkafka"
)

// TestOnlyTheNewestOwnerGetsTheNextEpoch is KIP-360: who asks with an epoch is its owner still, or fenced.
func TestOnlyTheNewestOwnerGetsTheNextEpoch(t *testing.T) {
	client := mustClient(t, mustStart(t, devkafka.Config{}))
	id, first := initProducer(t, client, -1, -1, nil)
	_, second := initProducer(t, client, -1, -1, nil) // another process
	initProducer(t, client, id, first, kerr.ProducerFenced)
	_, third := initProducer(t, client, id, second, nil)
	if third <= second {
		t.Errorf("after epoch %d comes %d", second, third)
	}
	initProducer(t, client, id, second, nil) // as if the answer had been lost
	initProducer(t, client, id, first, kerr.ProducerFenced)
}

// A transaction of version 2 takes an epoch, too (KIP-890): who had the one before it is no owner any more.
func TestTheEndOfATransactionGivesAnEpoch(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	mustCreate(t, cluster, "t", nil)
	client := mustClient(t, cluster, kgo.MaxVersions(kversion.V4_0_0()))
	id, first := initProducer(t, client, -1, -1, nil)
	offsets := kmsg.NewPtrTxnOffsetCommitRequest()
	offsets.TransactionalID, offsets.Group, offsets.ProducerID, offsets.ProducerEpoch = "task", "g", id, first
	offsets.Generation = -1
	offsets.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: "t",
		Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Offset: 1, LeaderEpoch: -1}}}}
	if _, err := offsets.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	end := kmsg.NewPtrEndTxnRequest()
	end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = "task", id, first, true
	ended, err := end.RequestWith(t.Context(), client)
	if err == nil {
		err = kerr.ErrorForCode(ended.ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
	if ended.ProducerEpoch <= first {
		t.Errorf("after epoch %d comes %d", first, ended.ProducerEpoch)
	}
	initProducer(t, client, id, first, kerr.ProducerFenced)
	initProducer(t, client, id, ended.ProducerEpoch, nil)
}

func initProducer(t *testing.T, client *kgo.Client, id int64, epoch int16, want error) (int64, int16) {
	t.Helper()
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.TransactionTimeoutMillis = new("task"), 10_000
	request.ProducerID, request.ProducerEpoch = id, epoch
	response, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(response.ErrorCode); !errors.Is(err, want) {
		t.Errorf("asked with epoch %d: %v, want %v", epoch, err, want)
	}
	return response.ProducerID, response.ProducerEpoch
}
