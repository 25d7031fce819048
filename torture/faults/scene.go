package faults

import (
	"context"

	"cardstream/torture/proxy"
)

// Scene is what faults are done to. Package rig makes the real one. Slots are processes of cardstream, from 0; nodes are
// brokers, from 1.
type Scene struct {
	Processes Processes
	Newcomers Crowd
	Brokers   Cluster
	Replicas  Placement
	Network   Network
	Stores    Stores
	Clocks    Clocks
	Registry  Service
	Headend   Service
	Log       func(format string, args ...any)
}

// Processes are those of cardstream. One that ends although nobody told it to is started again, and told of in the
// verdict.
type Processes interface {
	Count() int
	Kill(slot int) error                           // SIGKILL; it stays down until Start
	Terminate(ctx context.Context, slot int) error // SIGTERM; it stays down until Start
	Start(slot int) error                          // nothing where it runs
	Stop(slot int) error                           // SIGSTOP
	Continue(slot int) error                       // SIGCONT
	Excuse(slot int, because string)               // its ends by itself are no finding from now on
	Blame(slot int)                                // they are again
	Pardon(words string)                           // one end of any process that is explained by these words is no finding
}

// Crowd is processes that come and go.
type Crowd interface {
	Join() error
	Leave(ctx context.Context, inOrder bool) error // with SIGTERM, or SIGKILL; nothing where none has joined
}

// Cluster is the brokers.
type Cluster interface {
	Kill(ctx context.Context, nodes ...int) error
	Revive(ctx context.Context) error // starts those that are down, and waits until they serve
}

// Placement is where partitions have their replicas.
type Placement interface {
	// Move gives partitions other replicas, drawn from the seed, and returns how many.
	Move(ctx context.Context, seed uint64) (int, error)
	// Lead changes which replica is to lead, and has it elected.
	Lead(ctx context.Context, seed uint64) (int, error)
	// Spread gives each partition a replica on every broker again.
	Spread(ctx context.Context) error
}

// EveryBroker stands for the connections to all of them.
const EveryBroker = 0

// Network is the connections between a process and the brokers.
type Network interface {
	Cut(slot, node int) int
	Change(slot, node int, w proxy.Weather)
	Strand(slot, node int) int
	Unstrand(slot, node int)
}

// Stores are the local stores. All but Fill and Clear want the process to be down.
type Stores interface {
	Bounded() bool        // each stands on a small disk of its own
	Fill(slot int) error  // leaves no byte free on its disk
	Clear(slot int) error // takes that back
	Remove(slot int) error
	Swap(a, b int) error
	Keep(slot int) error        // a copy, for Old
	Old(slot int) (bool, error) // puts the copy in its place, if there is one
	Alien(slot int) error       // puts another cluster's in its place
	Garble(slot int, seed uint64) (string, error)
}

// Clocks are those of the processes.
type Clocks interface {
	Wrong(slot, seconds int) error // 0: it is right
	Settable() bool                // the binary is one whose clock can be wrong
}

// Service is something that can be down.
type Service interface {
	Stop(ctx context.Context) error
	Start(ctx context.Context) error
}
