package consumer

import (
	"errors"
	"sync"
	"time"

	"cardstream/consumer/internal/groupwire"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// Why a partition is not this process's any more; see Membership.
var (
	// ErrLeft is the end of Group.Run.
	ErrLeft = errors.New("the group was left")
	// ErrReassigned is a newer generation in which the partition is another member's.
	ErrReassigned = errors.New("the partition was given to another member")
	// ErrSessionExpired is that no coordinator has answered a heartbeat for the session time-out.
	ErrSessionExpired = errors.New("no coordinator has answered for the session time-out")
	// ErrNotAssigned is what a Membership says that was asked for while the partition was not this member's.
	ErrNotAssigned = errors.New("the partition is not assigned to this member")
)

// identity is what a member says to the coordinator, and is checked by it.
type identity struct {
	memberID   string
	generation int32
}

var nobody = identity{generation: groupwire.NoGeneration}

// state is what a member knows of itself. It is read and written by the loop that joins, by the one that sends
// heartbeats, and by tasks that ask for their Membership.
type state struct {
	mu      sync.Mutex
	begun   bool
	stopped error // why the member can never join again

	self     identity  // the member id, and the generation joined last
	joining  bool      // a join is under way, whose outcome makes older answers irrelevant
	lastGood time.Time // when the last request was sent that a coordinator answered as one of a member

	owned   map[record.TopicPartition]*Membership
	changed chan struct{} // closed and replaced when owned, or an identity in it, changes

	claims groupwire.Subscription // what was assigned last, without topics
}

func newState(owned []record.TopicPartition) *state {
	s := &state{
		self:    nobody,
		owned:   map[record.TopicPartition]*Membership{},
		changed: make(chan struct{}),
		claims:  groupwire.Subscription{Owned: map[string][]int32{}, Generation: groupwire.NoGeneration},
	}
	for _, tp := range owned {
		s.claims.Owned[tp.Topic] = append(s.claims.Owned[tp.Topic], tp.Partition)
	}
	return s
}

func (g *Group) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.begun
	g.begun = true
	return !was
}

func (g *Group) fatal() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped
}

// member returns who the member is, as far as heartbeats are concerned; ok is false while it is none.
func (g *Group) member() (id identity, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.self, g.self.generation != groupwire.NoGeneration
}

// beginJoin returns the member id to join with, and what the member says it had.
func (g *Group) beginJoin() (memberID string, claims groupwire.Subscription) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.joining = true
	select {
	case <-g.rejoin: // whatever asked for it, this is it
	default:
	}
	return g.self.memberID, g.claims
}

func (g *Group) endJoin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.joining = false
}

// named keeps the member id that the coordinator has given: from here on there is somebody who has to leave.
func (g *Group) named(memberID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.self.memberID = memberID
}

// joined notes a new generation, of which the assignment is not known yet.
func (g *Group) joined(id identity) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.self, g.lastGood = id, time.Now()
}

// assigned makes an assignment the member's: memberships that go on are of the new generation, others are over.
func (g *Group) assigned(id identity, assignment groupwire.Assignment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	owned := map[record.TopicPartition]*Membership{}
	for topic, partitions := range assignment.Partitions {
		for _, partition := range partitions {
			tp := record.TopicPartition{Topic: topic, Partition: partition}
			m := g.owned[tp]
			if m == nil {
				m = &Membership{group: g, tp: tp}
			}
			m.id = id
			owned[tp] = m
		}
	}
	for tp, m := range g.owned {
		if owned[tp] == nil {
			m.over = ErrReassigned
		}
	}
	g.owned = owned
	g.claims = groupwire.Subscription{Owned: assignment.Partitions, Generation: id.generation}
	g.announceChange()
	g.notices.add(Assignment{
		Generation: id.generation, MemberID: id.memberID,
		Partitions: assignment.Partitions, PartitionCounts: assignment.Counts,
	})
}

// lose ends every membership. The member still claims what it had.
func (g *Group) lose(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.loseLocked(why)
}

func (g *Group) loseLocked(why error) {
	if len(g.owned) == 0 {
		return
	}
	for _, m := range g.owned {
		m.over = why
	}
	g.owned = map[record.TopicPartition]*Membership{}
	g.announceChange()
	g.notices.add(Assignment{Generation: groupwire.NoGeneration, Lost: why})
}

// expelled takes note that the coordinator does not know a member id. Where it is still this member's, all is lost.
func (g *Group) expelled(memberID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if memberID == "" || memberID != g.self.memberID {
		return
	}
	g.self = nobody
	g.loseLocked(cluster.UnknownMemberID)
	g.askToRejoin()
}

// announceChange wakes those who wait for a newer identity. The caller holds mu.
func (g *Group) announceChange() {
	close(g.changed)
	g.changed = make(chan struct{})
}
