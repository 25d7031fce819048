package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol/heartbeat"

	"cardstream/consumer/internal/groupwire"
	"cardstream/internal/cluster"
)

// keepAlive sends heartbeats for as long as the member runs, whatever else it does, and notices when the session is over.
func (g *Group) keepAlive(ctx context.Context) {
	tick := time.NewTicker(g.config.HeartbeatInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		// First the clock, then the coordinator: a process that was stopped for long must not work on while it asks.
		g.checkSession(time.Now())
		if id, ok := g.member(); ok {
			// The outcome is dealt with where it is heard; the next heartbeat is the next attempt.
			_ = g.heartbeat(ctx, id)
		}
		g.checkSession(time.Now())
	}
}

// checkSession gives everything up when no coordinator has answered for the session time-out: it may have thrown the
// member out, and others may have its partitions.
func (g *Group) checkSession(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.owned) == 0 || now.Sub(g.lastGood) <= g.config.SessionTimeout {
		return
	}
	g.config.Logger.Warn("group member gives up its partitions", "group", g.config.Group, "error", ErrSessionExpired)
	g.loseLocked(ErrSessionExpired)
	g.askToRejoin()
}

// heartbeat sends one and draws the consequences of the answer, which it returns. It is bounded by a part of the session
// time-out, so that a coordinator that stands still is asked for anew in time.
func (g *Group) heartbeat(ctx context.Context, id identity) error {
	const attemptsPerSession = 3
	ctx, cancel := context.WithTimeout(ctx, g.config.SessionTimeout/attemptsPerSession)
	defer cancel()
	sent := time.Now()
	answer, err := g.coordinator.RoundTrip(ctx, &groupwire.Heartbeat{
		ClientID: g.config.ClientID, Group: g.config.Group, Generation: id.generation, MemberID: id.memberID,
	})
	if err == nil {
		err = cluster.ErrorOf(answer.(*heartbeat.Response).ErrorCode)
	}
	g.heard(id, sent, err)
	if err != nil {
		return fmt.Errorf("heartbeat in group %q: %w", g.config.Group, err)
	}
	return nil
}

// heard draws the consequences of the answer to a heartbeat.
func (g *Group) heard(id identity, sent time.Time, err error) {
	if errors.Is(err, cluster.UnknownMemberID) {
		g.expelled(id.memberID)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if id.memberID != g.self.memberID {
		return // of a membership that is over
	}
	rebalancing := errors.Is(err, cluster.RebalanceInProgress)
	switch {
	case err == nil || rebalancing: // the coordinator knows the member, and has started its session anew
		if sent.After(g.lastGood) {
			g.lastGood = sent
		}
	case isFatal(err):
		g.stopped = err
		g.loseLocked(err)
		g.askToRejoin()
	}
	behind := rebalancing || errors.Is(err, cluster.IllegalGeneration)
	if behind && !g.joining && id == g.self {
		g.askToRejoin()
	}
}
