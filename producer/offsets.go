package producer

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"

	"cardstream/internal/cluster"
	"cardstream/producer/internal/txnwire"
)

// commitOffsets puts the input offsets into the transaction. The group's coordinator takes them only from a member of
// its present generation; one that is refused asks the membership for a newer one and tries again.
func (t *Transactional) commitOffsets(ctx context.Context, tx Transaction) error {
	if len(tx.Offsets) == 0 {
		return nil
	}
	if !t.joining {
		if err := t.addOffsets(ctx, tx.Group); err != nil {
			return t.failed("add offsets", err)
		}
	}
	again := cluster.Backoff{Min: 2 * time.Millisecond, Max: time.Second} // for a membership that has nothing newer to say
	memberID, generation := tx.member()
	for {
		err := t.txnOffsetCommit(ctx, tx, memberID, generation)
		if err == nil {
			return nil
		}
		if !refused(err) || tx.Membership == nil {
			return t.failed("commit offsets", err)
		}
		if memberID, generation, err = tx.Membership.AfterRefusal(ctx, generation); err != nil {
			return t.failed("commit offsets", err)
		}
		if err := again.Wait(ctx); err != nil {
			return t.failed("commit offsets", err)
		}
	}
}

func (t *Transactional) txnOffsetCommit(ctx context.Context, tx Transaction, memberID string, generation int32) error {
	offsets := txnoffsetcommit.Request{
		TransactionalID: t.config.TransactionalID, ProducerID: t.identity.id, ProducerEpoch: t.identity.epoch,
		GroupID: tx.Group, MemberID: memberID, GenerationID: generation,
		Topics: offsetTopics(tx)}
	request := protocol.Message(&offsets)
	if t.joining {
		request = &txnwire.CommitOffsets{ClientID: t.client.ClientID(), Request: offsets}
	}
	coordinator := t.client.Coordinator(cluster.GroupCoordinator, tx.Group)
	return t.ask(ctx, coordinator, request, func(answer protocol.Message) error {
		var codes []cluster.Error
		for _, topic := range answer.(*txnoffsetcommit.Response).Topics {
			for _, partition := range topic.Partitions {
				codes = append(codes, cluster.Error(partition.ErrorCode))
			}
		}
		if len(codes) != len(tx.Offsets) {
			return errNoAnswer
		}
		return worst(codes)
	})
}

func offsetTopics(tx Transaction) (topics []txnoffsetcommit.RequestTopic) {
	const noLeaderEpoch = -1 // zero would claim to have read under the first leader
	at := map[string]int{}
	for tp, offset := range tx.Offsets {
		i, known := at[tp.Topic]
		if !known {
			i = len(topics)
			at[tp.Topic] = i
			topics = append(topics, txnoffsetcommit.RequestTopic{Name: tp.Topic})
		}
		topics[i].Partitions = append(topics[i].Partitions, txnoffsetcommit.RequestPartition{
			Partition: tp.Partition, CommittedOffset: offset, CommittedLeaderEpoch: noLeaderEpoch})
	}
	return topics
}

// refused reports whether the group's coordinator said that this is not its present generation.
func refused(err error) bool {
	return errors.Is(err, cluster.IllegalGeneration) || errors.Is(err, cluster.UnknownMemberID) ||
		errors.Is(err, cluster.RebalanceInProgress)
}
