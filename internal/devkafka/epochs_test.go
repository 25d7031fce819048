package devkafka_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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
