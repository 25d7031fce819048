package producer

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// addPartitionsOnce tells the coordinator where records are about to go, so that it knows where to write markers whatever
// becomes of us. The first one opens the transaction. It is one attempt.
func (t *Transactional) addPartitionsOnce(ctx context.Context, partitions []record.TopicPartition) error {
	request := &addpartitionstotxn.Request{
		TransactionalID: t.config.TransactionalID, ProducerID: t.identity.id, ProducerEpoch: t.identity.epoch}
	topics := map[string]int{}
	for _, tp := range partitions {
		at, known := topics[tp.Topic]
		if !known {
			at = len(request.Topics)
			topics[tp.Topic] = at
			request.Topics = append(request.Topics, addpartitionstotxn.RequestTopic{Name: tp.Topic})
		}
		request.Topics[at].Partitions = append(request.Topics[at].Partitions, tp.Partition)
	}
	return t.askOnce(ctx, t.coordinator, request, func(answer protocol.Message) error {
		var codes []cluster.Error
		for _, topic := range answer.(*addpartitionstotxn.Response).Results {
			for _, partition := range topic.Results {
				codes = append(codes, cluster.Error(partition.ErrorCode))
			}
		}
		if len(codes) != len(partitions) {
			return fmt.Errorf("%w: %d partitions asked, %d answered", errNoAnswer, len(partitions), len(codes))
		}
		return worst(codes)
	})
}

// addOffsets tells the coordinator that offsets of the group are part of the transaction.
func (t *Transactional) addOffsets(ctx context.Context, group string) error {
	request := &addoffsetstotxn.Request{
		TransactionalID: t.config.TransactionalID, ProducerID: t.identity.id, ProducerEpoch: t.identity.epoch,
		GroupID: group}
	return t.ask(ctx, t.coordinator, request, func(answer protocol.Message) error {
		return cluster.ErrorOf(answer.(*addoffsetstotxn.Response).ErrorCode)
	})
}

// end commits or aborts. Asked again with the same epoch, Kafka says yes where it has done so already; it says
// CONCURRENT_TRANSACTIONS while it is at it, and may say "not coordinator" though it is done, having lost the lead in
// between. So only a yes is an answer, and every failure leaves the outcome of a commit open.
func (t *Transactional) end(ctx context.Context, commit bool) error {
	ask := t.endAnnounced
	if t.joining {
		ask = t.endJoined
	}
	switch err := ask(ctx, commit); {
	case err == nil:
		return nil
	case commit:
		return &Error{TransactionalID: t.config.TransactionalID, Step: "commit", Err: err, OutcomeUnknown: true}
	default:
		return t.failed("abort", err)
	}
}

// endAnnounced ends a transaction whose partitions were announced by addPartitionsOnce.
func (t *Transactional) endAnnounced(ctx context.Context, commit bool) error {
	request := &endtxn.Request{
		TransactionalID: t.config.TransactionalID, ProducerID: t.identity.id, ProducerEpoch: t.identity.epoch,
		Committed: commit}
	return t.ask(ctx, t.coordinator, request, func(answer protocol.Message) error {
		return cluster.ErrorOf(answer.(*endtxn.Response).ErrorCode)
	})
}
