package producer

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
	"cardstream/producer/internal/txnwire"
)

// In a transaction of version 2 (KIP-890, docs/decisions/0060-transactions-of-version-2.md) partitions and offsets join by
// being written, without having been announced: the first batch opens it, and three requests do what took five. Each
// transaction has an epoch of its own, which the end of the one before it gives: what is left of that one on its way is
// refused. A settlement (leftovers.go) announces its partitions all the same, as it writes nothing to them.

// errNotOpened says that the transaction is not known to have been opened, and that the next attempt is to begin anew.
var errNotOpened = errors.New("the transaction was not opened")

// agree finds out which transactions the cluster takes. Its brokers all know them by the time the feature is finalized.
func (t *Transactional) agree(ctx context.Context) error {
	const withJoining = 2
	return persist(ctx, func() error {
		level, err := t.client.FinalizedFeature(ctx, cluster.TransactionVersion)
		if err == nil {
			t.joining = level >= withJoining
			t.sender.joining = t.joining
		}
		return err
	})
}

// unopened judges an attempt to open a transaction by its first batches. What nobody answered may still open it, behind an
// outage in which markers of the last one may have been forgotten; and so may those of one that is not complete, or
// whose partitions have lost their leaders. Then it begins anew, behind a new epoch and a settlement.
func (t *Transactional) unopened(ctx context.Context, lanes []*lane) error {
	for _, l := range lanes {
		t.late(l.head().err)
		if unanswered(l.head().err) {
			t.doubtful.Store(true)
		}
	}
	if t.doubtful.Load() || t.wasAway() {
		return errNotOpened
	}
	switch err := t.complete(ctx); {
	case t.doubtful.Load():
		return errNotOpened
	case err != nil && !retryable(err):
		return fmt.Errorf("look for what holds up the last transaction: %w", err)
	}
	return nil
}

// endJoined ends a transaction of version 2 and takes the epoch of the next one.
func (t *Transactional) endJoined(ctx context.Context, commit bool) error {
	request := &txnwire.End{
		ClientID: t.client.ClientID(), TransactionalID: t.config.TransactionalID,
		ProducerID: t.identity.id, ProducerEpoch: t.identity.epoch, Committed: commit}
	return t.ask(ctx, t.coordinator, request, func(answer protocol.Message) error {
		ended := answer.(*txnwire.Ended)
		if ended.ErrorCode != 0 {
			return ended.ErrorCode
		}
		t.identity.next(ended.ProducerID, ended.ProducerEpoch)
		return nil
	})
}
