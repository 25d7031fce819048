package simulation

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kind is a kind of fault.
type Kind string

// The kinds.
const (
	Kill        Kind = "kill"         // a processor, and what its disk is then
	Freeze      Kind = "freeze"       // a machine: SIGSTOP, SIGCONT
	Stall       Kind = "stall"        // a processor's network: half-open connections
	Cut         Kind = "cut"          // a processor's connections
	LoseAnswer  Kind = "lose answer"  // of a request that the broker does
	Slow        Kind = "slow"         // a processor's network
	Leave       Kind = "leave"        // a processor ends in order, and comes back
	BrokerAway  Kind = "broker away"  // and back, as if restarted
	Failover    Kind = "failover"     // other leaders and coordinators
	BrokerError Kind = "broker error" // in place of what was asked for
	Intruder    Kind = "intruder"     // somebody else takes a task's transactional id
	ClockJump   Kind = "clock jump"   // of a machine
	HeadendAway Kind = "headend away" // its network
	HeadendNew  Kind = "headend new"  // another member takes its place
	Pause       Kind = "pause"        // of the processing run, and resume
	Registry    Kind = "registry"     // away
)

// kinds are all, with how often they come among a hundred or so.
var kinds = []struct {
	kind   Kind
	weight int
}{
	{Kill, 18}, {Freeze, 12}, {Stall, 6}, {Cut, 8}, {LoseAnswer, 14}, {Slow, 6}, {Leave, 6}, {BrokerAway, 5}, {Failover, 5},
	{BrokerError, 20}, {Intruder, 4}, {ClockJump, 4}, {HeadendAway, 4}, {HeadendNew, 3}, {Pause, 4}, {Registry, 4},
}

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for i := range kinds {
		all[i] = kinds[i].kind
	}
	return all
}

// Fault is one fault, from the moment At after the beginning, For so long where it lasts.
type Fault struct {
	Kind    Kind
	At, For time.Duration
	Machine int

	Disk      Disk          // Kill
	Key       kmsg.Key      // LoseAnswer, BrokerError
	Error     *kerr.Error   // BrokerError
	Count     int           // LoseAnswer, BrokerError
	Broker    int           // BrokerAway
	Delay     time.Duration // Slow
	Ahead     time.Duration // ClockJump
	Partition int32         // Intruder
}

// String prints it in a line.
func (f Fault) String() string {
	text := fmt.Sprintf("%8s %s", f.At, f.Kind)
	switch f.Kind {
	case Kill:
		text += fmt.Sprintf(" machine %d, disk %s, for %s", f.Machine, f.Disk, f.For)
	case LoseAnswer:
		text += fmt.Sprintf(" machine %d, %d × %s", f.Machine, f.Count, f.Key.Name())
	case BrokerError:
		text += fmt.Sprintf(" %d × %s: %s", f.Count, f.Key.Name(), f.Error.Message)
	case BrokerAway:
		text += fmt.Sprintf(" broker %d, for %s", f.Broker, f.For)
	case Slow:
		text += fmt.Sprintf(" machine %d by %s, for %s", f.Machine, f.Delay, f.For)
	case ClockJump:
		text += fmt.Sprintf(" machine %d by %s, for %s", f.Machine, f.Ahead, f.For)
	case Intruder:
		text += fmt.Sprintf(" in dispatch, partition %d", f.Partition)
	case Cut:
		text += fmt.Sprintf(" machine %d", f.Machine)
	case Freeze, Stall, Leave:
		text += fmt.Sprintf(" machine %d, for %s", f.Machine, f.For)
	case HeadendAway, Pause, Registry:
		text += fmt.Sprintf(" for %s", f.For)
	case Failover, HeadendNew:
	}
	return text
}

// answers are the requests whose answers may be lost.
var answers = []kmsg.Key{
	kmsg.EndTxn, kmsg.EndTxn, kmsg.EndTxn, kmsg.Produce, kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.AddPartitionsToTxn,
	kmsg.AddOffsetsToTxn, kmsg.InitProducerID, kmsg.Heartbeat, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetFetch, kmsg.Fetch,
}

// refusals are what brokers may answer in place of doing what they are asked. With REQUEST_TIMED_OUT and
// NOT_ENOUGH_REPLICAS_AFTER_APPEND they do it all the same.
var refusals = []struct {
	key    kmsg.Key
	errors []*kerr.Error
}{
	{kmsg.Produce, []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend,
	}},
	{kmsg.InitProducerID, []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable,
	}},
	{kmsg.AddPartitionsToTxn, []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.InvalidProducerEpoch,
	}},
	{kmsg.AddOffsetsToTxn, []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.InvalidProducerIDMapping,
	}},
	{kmsg.TxnOffsetCommit, []*kerr.Error{
		kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.InvalidProducerEpoch,
	}},
	{kmsg.EndTxn, []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.ProducerFenced,
		kerr.InvalidProducerEpoch,
	}},
	{kmsg.Heartbeat, []*kerr.Error{kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.NotCoordinator}},
	{kmsg.JoinGroup, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.UnknownMemberID}},
	{kmsg.SyncGroup, []*kerr.Error{kerr.RebalanceInProgress, kerr.NotCoordinator}},
	{kmsg.OffsetFetch, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.NotCoordinator}},
	{kmsg.ListOffsets, []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition}},
	{kmsg.Fetch, []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownLeaderEpoch}},
	{kmsg.FindCoordinator, []*kerr.Error{kerr.CoordinatorNotAvailable}},
}
