package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/leavegroup"
	"github.com/segmentio/kafka-go/protocol/syncgroup"

	"cardstream/consumer/internal/groupwire"
	"cardstream/internal/cluster"
)

const protocolType = "consumer" // so that brokers and tools know how to read subscriptions and assignments

// answerTime is how long an answer may take beyond the time that the coordinator itself waits for other members.
const answerTime = 3 * time.Second

// errNotAssigned is a leader that could not divide the partitions. The member is one of the group all the same.
var errNotAssigned = errors.New("no partitions were assigned")

// join takes part in one rebalance, from joining to the assignment.
func (g *Group) join(ctx context.Context) error {
	memberID, claims := g.beginJoin()
	defer g.endJoin()
	answer, err := g.askToJoin(ctx, memberID, claims)
	if errors.Is(err, cluster.MemberIDRequired) {
		answer, err = g.askToJoin(ctx, answer.MemberID, claims)
	}
	if err != nil {
		return fmt.Errorf("join group %q: %w", g.config.Group, err)
	}
	id := identity{memberID: answer.MemberID, generation: answer.GenerationID}
	g.joined(id)
	assignment, err := g.synchronise(ctx, id, answer)
	if err != nil {
		return fmt.Errorf("get an assignment in group %q: %w", g.config.Group, err)
	}
	g.assigned(id, assignment)
	return nil
}

// askToJoin sends one request to join. The first of a member without an id is answered at once with an id to join with
// (KIP-394), and is let finish although ctx ends, for a moment: were that answer lost, the coordinator would wait for a
// member that never comes.
func (g *Group) askToJoin(
	ctx context.Context, memberID string, claims groupwire.Subscription,
) (*joingroup.Response, error) {
	timeout := g.config.RebalanceTimeout + answerTime
	if memberID == "" {
		ctx, timeout = context.WithoutCancel(ctx), leaveTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	claims.Topics = g.config.Topics
	answer, err := g.coordinator.RoundTrip(ctx, &joingroup.Request{
		GroupID:            g.config.Group,
		SessionTimeoutMS:   int32(g.config.SessionTimeout.Milliseconds()),
		RebalanceTimeoutMS: int32(g.config.RebalanceTimeout.Milliseconds()),
		MemberID:           memberID,
		ProtocolType:       protocolType,
		Protocols:          []joingroup.RequestProtocol{{Name: ProtocolName, Metadata: claims.Append(nil)}},
	})
	if err != nil {
		return nil, err
	}
	response := answer.(*joingroup.Response)
	err = cluster.ErrorOf(response.ErrorCode)
	switch {
	case err == nil, errors.Is(err, cluster.MemberIDRequired):
		g.named(response.MemberID)
	case errors.Is(err, cluster.UnknownMemberID):
		g.expelled(memberID)
	}
	return response, err
}

// synchronise returns the member's assignment, which the group's leader makes.
func (g *Group) synchronise(ctx context.Context, id identity, joined *joingroup.Response) (groupwire.Assignment, error) {
	request := &syncgroup.Request{
		GroupID: g.config.Group, GenerationID: id.generation, MemberID: id.memberID,
		ProtocolType: protocolType, ProtocolName: ProtocolName,
	}
	if joined.LeaderID == id.memberID {
		request.Assignments = g.divide(ctx, joined.Members)
	}
	ctx, cancel := context.WithTimeout(ctx, g.config.RebalanceTimeout+answerTime)
	defer cancel()
	answer, err := g.coordinator.RoundTrip(ctx, request)
	if err != nil {
		return groupwire.Assignment{}, err
	}
	response := answer.(*syncgroup.Response)
	if err := cluster.ErrorOf(response.ErrorCode); err != nil {
		if errors.Is(err, cluster.UnknownMemberID) {
			g.expelled(id.memberID)
		}
		return groupwire.Assignment{}, err
	}
	assignment, err := groupwire.ParseAssignment(response.Assignments)
	switch {
	case err != nil:
		return groupwire.Assignment{}, fmt.Errorf("%w: %w", errNotAssigned, err)
	case assignment.Failure != "":
		return groupwire.Assignment{}, fmt.Errorf("%w: %s", errNotAssigned, assignment.Failure)
	}
	return assignment, nil
}

// leave tells the coordinator that the member is gone, so that the others need not wait for its session to end. It is
// done also where a join was under way: a member id was given then.
func (g *Group) leave(ctx context.Context) {
	g.mu.Lock()
	memberID := g.self.memberID
	g.self = nobody
	g.mu.Unlock()
	if memberID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	_, err := g.coordinator.RoundTrip(ctx, &leavegroup.Request{
		GroupID: g.config.Group, Members: []leavegroup.RequestMember{{MemberID: memberID}},
	})
	if err != nil {
		g.config.Logger.Warn("group was not left, the others will notice by time-out",
			"group", g.config.Group, "error", err)
	}
}
