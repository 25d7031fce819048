package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go/protocol/metadata"

	"cardstream/record"
)

// Metadata asks the cluster for its brokers and for these topics, or for the brokers alone where none are named. The
// answer is fresh, and addresses and leaders are remembered from it. Topics and partitions carry their own error codes,
// which the caller reads. No topic is ever created by asking.
func (c *Client) Metadata(ctx context.Context, topics ...string) (*metadata.Response, error) {
	if topics == nil {
		topics = []string{} // null would ask for all of them
	}
	answer, err := c.AnyBroker(ctx, &metadata.Request{TopicNames: topics})
	if err != nil {
		return nil, fmt.Errorf("fetch metadata: %w", err)
	}
	response := answer.(*metadata.Response)
	c.topology.learn(response)
	return response, nil
}

// Leader returns the broker that leads a partition: the remembered one, or by asking. UnknownTopicOrPartition where the
// cluster does not know it, LeaderNotAvailable while an election is under way.
func (c *Client) Leader(ctx context.Context, tp record.TopicPartition) (BrokerID, error) {
	if leader, known := c.topology.leader(tp); known {
		return leader, nil
	}
	response, err := c.Metadata(ctx, tp.Topic)
	if err != nil {
		return 0, fmt.Errorf("find leader of %s: %w", tp, err)
	}
	leader, err := leaderIn(response, tp)
	if err != nil {
		return 0, fmt.Errorf("find leader of %s: %w", tp, err)
	}
	return leader, nil
}

// ForgetLeader is called by whom that broker told that it does not lead the partition, or did not answer. It does
// nothing where another leader has been learnt since.
func (c *Client) ForgetLeader(tp record.TopicPartition, broker BrokerID) {
	c.topology.forgetLeader(tp, broker)
}

func leaderIn(response *metadata.Response, tp record.TopicPartition) (BrokerID, error) {
	t := slices.IndexFunc(response.Topics, func(t metadata.ResponseTopic) bool { return t.Name == tp.Topic })
	if t < 0 {
		return 0, UnknownTopicOrPartition
	}
	if err := ErrorOf(response.Topics[t].ErrorCode); err != nil {
		return 0, err
	}
	partitions := response.Topics[t].Partitions
	p := slices.IndexFunc(partitions, func(p metadata.ResponsePartition) bool { return p.PartitionIndex == tp.Partition })
	if p < 0 {
		return 0, UnknownTopicOrPartition
	}
	return BrokerID(partitions[p].LeaderID), leaderError(partitions[p])
}

// leaderError says why a partition cannot be read or written now. A follower that is away is no reason.
func leaderError(partition metadata.ResponsePartition) error {
	switch code := Error(partition.ErrorCode); {
	case code != 0 && code != ReplicaNotAvailable:
		return code
	case partition.LeaderID < 0:
		return LeaderNotAvailable
	}
	return nil
}
