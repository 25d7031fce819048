package consumer

import (
	"context"
	"fmt"
	"time"

	"cardstream/record"
)

// Membership is this process's right to one partition, from the generation in which it was assigned until it is assigned
// to another member or lost, and never again after that: who gets the partition back gets another Membership. Offsets
// are committed under it, so that the coordinator refuses a commit by who is not the owner any more.
type Membership struct {
	group *Group
	tp    record.TopicPartition

	// Guarded by the group's mu.
	id   identity // under which the partition was owned last
	over error    // why it is not any more
}

// Membership returns the right to a partition. For one that is not assigned it returns one that is over already.
func (g *Group) Membership(tp record.TopicPartition) *Membership {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.owned[tp]; m != nil {
		return m
	}
	return &Membership{group: g, tp: tp, id: nobody, over: ErrNotAssigned}
}

// Current returns under which member id and generation to commit. Once the partition is lost they stay the last under
// which it was owned, which the coordinator refuses. It does no I/O.
func (m *Membership) Current() (memberID string, generation int32) {
	m.group.mu.Lock()
	defer m.group.mu.Unlock()
	return m.id.memberID, m.id.generation
}

// Err returns why the partition is not this process's any more: ErrReassigned, ErrSessionExpired, ErrLeft, the
// coordinator's error, or nil while it is, as far as is known here. It does no I/O.
func (m *Membership) Err() error {
	_, _, err := m.look()
	return err
}

// AfterRefusal is called when the coordinator refused a commit of that generation. It waits until a newer one is known
// in which the partition is still this process's, and returns it; or it returns why the partition is not. The
// coordinator is asked first: a process that was stopped and woken learns here that it is a member no more. Where
// neither comes true before ctx ends, that is the error.
func (m *Membership) AfterRefusal(ctx context.Context, refused int32) (memberID string, generation int32, err error) {
	asked := false
	for {
		id, changed, over := m.look()
		switch {
		case over != nil:
			return "", 0, over
		case id.generation != refused:
			return id.memberID, id.generation, nil
		case !asked:
			asked = true
			// What it says changes what is looked at next; that it could not be asked is no answer.
			_ = m.group.heartbeat(ctx, id)
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", 0, m.inVain(ctx, fmt.Sprintf("a generation after %d", refused))
		}
	}
}

// Confirm returns nil when the coordinator has said, asked after the call, that this process is a member of the
// generation in which it owns the partition: who was fenced calls it before initialising a producer again, lest a
// process that lost the partition fence its rightful owner. During a rebalance it waits for the outcome. Otherwise it
// returns why the partition is not this process's, or ctx's end.
func (m *Membership) Confirm(ctx context.Context) error {
	again := time.NewTicker(m.group.config.HeartbeatInterval)
	defer again.Stop()
	for {
		id, changed, over := m.look()
		if over != nil {
			return over
		}
		if m.group.heartbeat(ctx, id) == nil {
			if now, _, over := m.look(); over == nil && now == id {
				return nil
			}
			continue
		}
		select {
		case <-changed:
		case <-again.C:
		case <-ctx.Done():
			return m.inVain(ctx, "the coordinator's word")
		}
	}
}

func (m *Membership) look() (id identity, changed <-chan struct{}, over error) {
	m.group.mu.Lock()
	defer m.group.mu.Unlock()
	return m.id, m.group.changed, m.over
}

func (m *Membership) inVain(ctx context.Context, what string) error {
	return fmt.Errorf("%s: wait for %s in group %q: %w", m.tp, what, m.group.config.Group, context.Cause(ctx))
}
