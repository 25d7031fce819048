package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"golang.org/x/sync/errgroup"

	"cardstream/internal/cluster"
	"cardstream/producer/internal/txnwire"
	"cardstream/record"
)

// served reports why a leader does not have its partition yet: brokers tell of a new partition some moments before they
// have made it. A marker that arrives in between is refused and sent again at once, and one such behind another that was
// written leaves both without an answer: Kafka 4.4 never gives one then, and every marker between these two brokers waits
// for their request.timeout.ms, 30 s (KafkaApis.handleWriteTxnMarkersRequest). It is one attempt.
func (t *Transactional) served(ctx context.Context) error {
	return t.askLeaders(ctx, func(partitions []record.TopicPartition) protocol.Message {
		return endsOf(partitions)
	}, func(answer protocol.Message, _ int) error {
		for _, topic := range answer.(*listoffsets.Response).Topics {
			for _, p := range topic.Partitions {
				err := leads(p.ErrorCode)
				if errors.Is(err, cluster.OffsetNotAvailable) {
					continue // it has the partition, and only just leads it
				}
				if err != nil {
					return fmt.Errorf("%s-%d: %w", topic.Topic, p.Partition, err)
				}
			}
		}
		return nil
	})
}

// leads returns what a leader has against a partition.
func leads(code int16) error {
	if cluster.Error(code) == cluster.UnknownTopicOrPartition {
		return cluster.LeaderNotAvailable // the cluster knows it, and this broker soon
	}
	return cluster.ErrorOf(code)
}

// openHere reports whether a leader knows of a transaction of this producer that is open in one of its partitions. Any
// replica answers that, so it is asked of who has just been found to lead. It is one attempt.
func (t *Transactional) openHere(ctx context.Context) (bool, error) {
	var open atomic.Bool
	err := t.askLeaders(ctx, func(partitions []record.TopicPartition) protocol.Message {
		request := &txnwire.DescribeProducers{ClientID: t.client.ClientID()}
		for topic, of := range partitionsByTopic(partitions) {
			request.Topics = append(request.Topics, txnwire.PartitionsOf{Topic: topic, Partitions: of})
		}
		return request
	}, func(answer protocol.Message, asked int) error {
		described := answer.(*txnwire.ProducersDescription).Partitions
		if len(described) != asked {
			return errNoAnswer
		}
		for _, p := range described {
			if err := leads(int16(p.ErrorCode)); err != nil {
				return fmt.Errorf("%s: %w", p.TopicPartition, err)
			}
			if slices.Contains(p.Open, t.identity.id) {
				open.Store(true)
			}
		}
		return nil
	})
	return open.Load(), err
}

// askLeaders asks the leaders of all of this producer's partitions side by side, once. Where a leader does not answer to
// the verdict's liking, it is looked up again the next time.
func (t *Transactional) askLeaders(ctx context.Context, request func([]record.TopicPartition) protocol.Message,
	verdict func(answer protocol.Message, partitions int) error) error {
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
			ctx, cancel := context.WithTimeout(ctx, t.client.RequestTimeout())
			defer cancel()
			answer, err := t.client.RoundTrip(ctx, leader, request(partitions))
			if err == nil {
				err = verdict(answer, len(partitions))
			}
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

func partitionsByTopic(partitions []record.TopicPartition) map[string][]int32 {
	topics := map[string][]int32{}
	for _, tp := range partitions {
		topics[tp.Topic] = append(topics[tp.Topic], tp.Partition)
	}
	return topics
}

// endsOf asks where partitions end, which only who has them can say.
func endsOf(partitions []record.TopicPartition) *listoffsets.Request {
	const asConsumer, anyEpoch, latest = -1, -1, -1
	request := &listoffsets.Request{ReplicaID: asConsumer}
	for topic, of := range partitionsByTopic(partitions) {
		asked := listoffsets.RequestTopic{Topic: topic}
		for _, p := range of {
			asked.Partitions = append(asked.Partitions, listoffsets.RequestPartition{
				Partition: p, CurrentLeaderEpoch: anyEpoch, Timestamp: latest})
		}
		request.Topics = append(request.Topics, asked)
	}
	return request
}
