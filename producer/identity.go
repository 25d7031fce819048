package producer

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/initproducerid"

	"cardstream/internal/cluster"
	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// identity is a producer in the eyes of the brokers: an id, the epoch that fences older owners of it, and how many
// records each partition has had from it. Sequences belong to an epoch: a new one starts them at zero everywhere.
type identity struct {
	id        int64
	epoch     int16
	sequences map[record.TopicPartition]int32
}

// nobody is who asks for an identity without having one.
var nobody = identity{id: recordbatch.NoProducer, epoch: recordbatch.NoProducer}

// take returns the sequence number of the next record to a partition and counts so many up from it, from 2^31-1 on to
// zero as Kafka does.
func (i *identity) take(tp record.TopicPartition, records int) int32 {
	const mask = 1<<31 - 1
	sequence := i.sequences[tp]
	i.sequences[tp] = int32((int64(sequence) + int64(records)) & mask)
	return sequence
}

// next makes it the identity of the next transaction of version 2.
func (i *identity) next(id int64, epoch int16) {
	i.id, i.epoch = id, epoch
	clear(i.sequences)
}

// initRequest asks for an identity: without an id a new one that belongs to nobody else, with an id its next epoch.
// Asked by nobody it fences whoever has the id; asked by who has it (KIP-360), only while nobody newer does.
func initRequest(id string, timeout time.Duration, asker identity) *initproducerid.Request {
	return &initproducerid.Request{
		TransactionalID:      id,
		TransactionTimeoutMs: int32(timeout.Milliseconds()),
		ProducerID:           asker.id,
		ProducerEpoch:        asker.epoch,
	}
}

func identityIn(answer protocol.Message) (identity, error) {
	response := answer.(*initproducerid.Response)
	return identity{
		id:        response.ProducerID,
		epoch:     response.ProducerEpoch,
		sequences: map[record.TopicPartition]int32{},
	}, cluster.ErrorOf(response.ErrorCode)
}

// newIdentity asks any broker for an identity without a transactional id, until one gives it or ctx ends.
func newIdentity(ctx context.Context, client *cluster.Client) (given identity, err error) {
	err = persist(ctx, func() error {
		answer, err := client.AnyBroker(ctx, initRequest("", time.Minute, nobody))
		if err == nil {
			given, err = identityIn(answer)
		}
		return err
	})
	return given, err
}
