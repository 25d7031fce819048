package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/protocol/offsetfetch"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// Committed asks for the offsets that a group has committed. A partition without one is absent from the result. It
// retries what time heals until ctx ends; an error of any partition is one of the whole.
//
// An offset whose commit is part of a transaction still open is not seen, and an older one is returned in its place: the
// newest version of the request that kafka-go knows cannot ask for stable offsets only (KIP-447). So the caller first
// lets the producer that commits these partitions' offsets initialise, which settles its open transaction.
func Committed(
	ctx context.Context, client *cluster.Client, group string, partitions []record.TopicPartition,
) (map[record.TopicPartition]int64, error) {
	var committed map[record.TopicPartition]int64
	coordinator := client.Coordinator(cluster.GroupCoordinator, group)
	what := fmt.Sprintf("fetch offsets committed by group %q", group)
	err := retry(ctx, client, what, func(ctx context.Context) error {
		answer, err := coordinator.RoundTrip(ctx, offsetRequest(group, partitions))
		if err != nil {
			return err
		}
		committed, err = offsetsIn(answer.(*offsetfetch.Response))
		return err
	})
	return committed, err
}

func offsetRequest(group string, partitions []record.TopicPartition) *offsetfetch.Request {
	request := &offsetfetch.Request{GroupID: group, Topics: []offsetfetch.RequestTopic{}} // null would ask for all
	at := map[string]int{}
	for _, tp := range partitions {
		i, known := at[tp.Topic]
		if !known {
			i = len(request.Topics)
			at[tp.Topic] = i
			request.Topics = append(request.Topics, offsetfetch.RequestTopic{Name: tp.Topic})
		}
		request.Topics[i].PartitionIndexes = append(request.Topics[i].PartitionIndexes, tp.Partition)
	}
	return request
}

func offsetsIn(response *offsetfetch.Response) (map[record.TopicPartition]int64, error) {
	offsets := map[record.TopicPartition]int64{}
	switch err := cluster.ErrorOf(response.ErrorCode); {
	case errors.Is(err, cluster.GroupIDNotFound):
		return offsets, nil // it has never been, and has committed nothing
	case err != nil:
		return nil, err
	}
	for _, topic := range response.Topics {
		for _, p := range topic.Partitions {
			tp := record.TopicPartition{Topic: topic.Name, Partition: p.PartitionIndex}
			if err := cluster.ErrorOf(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("%s: %w", tp, err)
			}
			if p.CommittedOffset >= 0 {
				offsets[tp] = p.CommittedOffset
			}
		}
	}
	return offsets, nil
}
