package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"golang.org/x/sync/errgroup"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// served reports why a leader does not have its partition yet: brokers tell of a new partition some moments before they
// have made it. A marker that arrives in between is refused and sent again at once, and one such behind another that was
// written leaves both without an answer: Kafka 4.4 never gives one then, and every marker between these two brokers waits
// for their request.timeout.ms, 30 s (KafkaApis.handleWriteTxnMarkersRequest). It is one attempt.
func (t *Transactional) served(ctx context.Context) error {
	byLeader := map[cluster.BrokerID][]record.TopicPartition{}
	for _, tp := range t.config.Partitions {
		leader, err := t.client.Leader(ctx, tp)
		if err != nil {
			return err
		}
		byLeader[leader] = append(byLeader[leader], tp)
	}
	var asks errgroup.Group
	for leader, partitions := range byLeader {
		asks.Go(func() error {
			err := t.servedBy(ctx, leader, partitions)
			if err != nil {
				for _, tp := range partitions {
					t.client.ForgetLeader(tp, leader)
				}
			}
			return err
		})
	}
	return asks.Wait()
}

func (t *Transactional) servedBy(ctx context.Context, leader cluster.BrokerID, partitions []record.TopicPartition) error {
	ctx, cancel := context.WithTimeout(ctx, t.client.RequestTimeout())
	defer cancel()
	answer, err := t.client.RoundTrip(ctx, leader, endsOf(partitions))
	if err != nil {
		return err
	}
	for _, topic := range answer.(*listoffsets.Response).Topics {
		for _, p := range topic.Partitions {
			err := cluster.ErrorOf(p.ErrorCode)
			if errors.Is(err, cluster.OffsetNotAvailable) {
				continue // it has the partition, and only just leads it
			}
			if errors.Is(err, cluster.UnknownTopicOrPartition) {
				err = cluster.LeaderNotAvailable // the cluster knows it, and this broker soon
			}
			if err != nil {
				return fmt.Errorf("%s-%d: %w", topic.Topic, p.Partition, err)
			}
		}
	}
	return nil
}

// endsOf asks where partitions end, which only who has them can say.
func endsOf(partitions []record.TopicPartition) *listoffsets.Request {
	const asConsumer, anyEpoch, latest = -1, -1, -1
	request := &listoffsets.Request{ReplicaID: asConsumer}
	for _, tp := range partitions {
		at := slices.IndexFunc(request.Topics, func(of listoffsets.RequestTopic) bool { return of.Topic == tp.Topic })
		if at < 0 {
			at = len(request.Topics)
			request.Topics = append(request.Topics, listoffsets.RequestTopic{Topic: tp.Topic})
		}
		request.Topics[at].Partitions = append(request.Topics[at].Partitions, listoffsets.RequestPartition{
			Partition: tp.Partition, CurrentLeaderEpoch: anyEpoch, Timestamp: latest})
	}
	return request
}
