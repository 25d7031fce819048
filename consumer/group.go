package consumer

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime/pprof"
	"sync"
	"time"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// ProtocolName is how this package's members recognise each other: a group has one protocol that all its members know.
const ProtocolName = "cardstream-sticky"

// GroupConfig says which group to be a member of, and how. The zero value of every field but Group and Topics is its
// default.
type GroupConfig struct {
	Group  string
	Topics []string
	// ClientID names this process to the coordinator in heartbeats. Empty means "cardstream".
	ClientID string
	// Owned are partitions whose state this process has from an earlier life. It gets them if that suits the balance and
	// nobody had them later.
	Owned []record.TopicPartition
	// SessionTimeout is after how long without heartbeats a member counts as dead. The broker bounds it
	// (group.min.session.timeout.ms, by default 6 s). Zero means 6 s.
	SessionTimeout time.Duration
	// RebalanceTimeout is how long the coordinator waits for members to join again. Zero means 8 s.
	RebalanceTimeout time.Duration
	// HeartbeatInterval is the time between heartbeats, which are also how a rebalance is noticed. Zero means 500 ms.
	HeartbeatInterval time.Duration
	// Backoff bounds the first wait after a failed attempt to join. Zero means 250 ms.
	Backoff time.Duration
	// Logger is told of failed attempts to join and of lost memberships. Nil means nobody.
	Logger *slog.Logger
}

func (c GroupConfig) withDefaults() GroupConfig {
	c.ClientID = cmp.Or(c.ClientID, "cardstream")
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 6*time.Second)
	c.RebalanceTimeout = cmp.Or(c.RebalanceTimeout, 8*time.Second)
	c.HeartbeatInterval = cmp.Or(c.HeartbeatInterval, 500*time.Millisecond)
	c.Backoff = cmp.Or(c.Backoff, 250*time.Millisecond)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// Assignment is what a member has from now on. Its maps are for reading only.
type Assignment struct {
	Generation int32
	MemberID   string
	// Partitions are the member's, by topic and ascending. Whoever works on one that is not among them stops; whoever
	// works on one that is goes on.
	Partitions map[string][]int32
	// PartitionCounts are how many partitions each topic has in this generation: the same for all members, and what keys
	// are to be hashed by until the next.
	PartitionCounts map[string]int32
	// Lost, where it is not nil, says why the member has nothing: it is not known to be a member any more. Then there is
	// no generation, and Partitions and PartitionCounts are empty. It is joining again.
	Lost error
}

// Group is a member of a consumer group, with Kafka's classic protocol and this package's own sticky, balanced division
// of partitions.
//
// Work goes on while the group rebalances: a member keeps what it has until the new assignment is known, and heartbeats
// never stop. What is taken from a member may therefore be given to another while the first still works on it. That is
// safe only because each owner of a partition fences its predecessor by a transactional id, and commits offsets with its
// Membership, which the coordinator checks.
//
// A member that a coordinator has thrown out, or that has not been heard by one for the session time-out (it may have
// been stopped, and woken), has lost everything at once, and joins anew. What it owned it still claims, so that it gets
// its partitions back where nobody else has taken them.
type Group struct {
	client      *cluster.Client
	coordinator *cluster.Coordinator
	config      GroupConfig
	rejoin      chan struct{} // holds a token when the member has to join again
	notices     *notices

	*state
}

// NewGroup returns a member that does nothing until Run.
func NewGroup(client *cluster.Client, config GroupConfig) *Group {
	config = config.withDefaults()
	return &Group{
		client:      client,
		coordinator: client.Coordinator(cluster.GroupCoordinator, config.Group),
		config:      config,
		rejoin:      make(chan struct{}, 1),
		notices:     newNotices(),
		state:       newState(config.Owned),
	}
}

// leaveTimeout bounds what is done after the end: asking for nothing, only letting the others know at once.
const leaveTimeout = 2 * time.Second

// Run is a member of the group until ctx ends, then leaves it and returns nil. It calls onAssigned with each assignment,
// one after another and in order, also while the group rebalances again; never after it has returned, when nothing is
// owned any more. Brokers and topics that are away are waited for. An error is one that time does not heal: no right to
// the group, or time-outs that the broker refuses. It is called once.
func (g *Group) Run(ctx context.Context, onAssigned func(Assignment)) error {
	if !g.begin() {
		return errors.New("group member runs already, or has run")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	start := func(what string, do func(context.Context)) {
		work.Go(func() {
			pprof.Do(ctx, pprof.Labels("cardstream", what, "group", g.config.Group), do)
		})
	}
	start("heartbeat", g.keepAlive)
	start("assigned", func(ctx context.Context) { g.notices.deliver(ctx, onAssigned) })
	err := g.stayMember(ctx)
	cancel()
	work.Wait()
	g.lose(ErrLeft)
	g.leave(ctx)
	return err
}

// stayMember joins, and joins again whenever that is needed, until ctx ends or it can never succeed.
func (g *Group) stayMember(ctx context.Context) error {
	backoff := cluster.Backoff{Min: g.config.Backoff, Max: max(g.config.Backoff, g.config.RebalanceTimeout/4)}
	for failures := 0; ctx.Err() == nil; {
		err := g.join(ctx)
		if err == nil {
			failures = 0
			backoff.Reset()
			err = g.awaitRejoin(ctx)
		}
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case isFatal(err):
			return err
		}
		if failures++; failures == 1 && atOnce(err) {
			continue
		}
		g.config.Logger.Warn("group member cannot join, trying on", "group", g.config.Group, "error", err)
		_ = backoff.Wait(ctx) // an end of ctx is seen above
	}
	return nil
}

// awaitRejoin waits until the member has to join again, or ctx ends. An error is why it never can.
func (g *Group) awaitRejoin(ctx context.Context) error {
	select {
	case <-g.rejoin:
		return g.fatal()
	case <-ctx.Done():
		return nil
	}
}

// askToRejoin makes the member join again.
func (g *Group) askToRejoin() {
	select {
	case g.rejoin <- struct{}{}:
	default:
	}
}

// atOnce tells the refusals that are part of a rebalance: the next attempt need not wait.
func atOnce(err error) bool {
	return errors.Is(err, cluster.RebalanceInProgress) || errors.Is(err, cluster.IllegalGeneration) ||
		errors.Is(err, cluster.UnknownMemberID)
}

// isFatal tells what nobody but a person can change. A group that is in use by another kind of client, or a topic that is
// missing, may be right again without this process starting anew.
func isFatal(err error) bool {
	switch {
	case errors.Is(err, errNotAssigned), errors.Is(err, cluster.InconsistentGroupProtocol):
		return false
	}
	return cluster.KindOf(err) == cluster.Stop
}
