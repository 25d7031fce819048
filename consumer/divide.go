package consumer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/syncgroup"

	"cardstream/consumer/internal/groupwire"
	"cardstream/consumer/internal/sticky"
	"cardstream/internal/cluster"
)

// divide is the leader's part: what each member gets. Where it cannot be decided every member is told why, so that the
// group stays together, nobody waits for a leader that has gone, and each of them can say what is wrong.
func (g *Group) divide(ctx context.Context, joined []joingroup.ResponseMember) []syncgroup.RequestAssignment {
	members, topics := g.subscriptions(joined)
	counts, err := g.countPartitions(ctx, topics)
	var shares map[string]map[string][]int32
	failure := ""
	if err != nil {
		failure, counts = err.Error(), nil
	} else {
		shares = sticky.Assign(members, counts)
	}
	var all []syncgroup.RequestAssignment
	for _, m := range members {
		a := groupwire.Assignment{Partitions: shares[m.ID], Counts: counts, Failure: failure}
		all = append(all, syncgroup.RequestAssignment{MemberID: m.ID, Assignment: a.Append(nil)})
	}
	return all
}

// subscriptions reads what the members said when they joined, and returns it with all topics in it. Nobody is turned
// away: who cannot be understood gets a share of every topic, as somebody who had nothing.
func (g *Group) subscriptions(joined []joingroup.ResponseMember) ([]sticky.Member, []string) {
	topics := map[string]struct{}{}
	note := func(names []string) {
		for _, topic := range names {
			topics[topic] = struct{}{}
		}
	}
	note(g.config.Topics)
	members := make([]sticky.Member, len(joined))
	var unread []int
	for i, m := range joined {
		said, err := groupwire.ParseSubscription(m.Metadata)
		if err != nil {
			g.config.Logger.Warn("group member is not understood", "group", g.config.Group,
				"member", m.MemberID, "error", err)
			unread = append(unread, i)
		}
		note(said.Topics)
		members[i] = sticky.Member{ID: m.MemberID, Topics: said.Topics, Owned: said.Owned, Generation: said.Generation}
	}
	all := slices.Sorted(maps.Keys(topics))
	for _, i := range unread {
		members[i].Topics = all
	}
	return members, all
}

// countPartitions asks the cluster, for every generation anew, how many partitions the topics have. One without any is
// an error: a group that has nothing to do looks just like one that does its work.
func (g *Group) countPartitions(ctx context.Context, topics []string) (map[string]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.RebalanceTimeout/2)
	defer cancel()
	response, err := g.client.Metadata(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("count the topics' partitions: %w", err)
	}
	counts := map[string]int32{}
	for _, topic := range topics {
		i := slices.IndexFunc(response.Topics, func(t metadata.ResponseTopic) bool { return t.Name == topic })
		if i < 0 {
			return nil, fmt.Errorf("topic %q: %w", topic, cluster.UnknownTopicOrPartition)
		}
		if err := cluster.ErrorOf(response.Topics[i].ErrorCode); err != nil {
			return nil, fmt.Errorf("topic %q: %w", topic, err)
		}
		if counts[topic] = int32(len(response.Topics[i].Partitions)); counts[topic] == 0 {
			return nil, fmt.Errorf("topic %q has no partitions", topic)
		}
	}
	return counts, nil
}
