package stream_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/stream"
)

// Whatever the brokers answer to whichever request, and though they may have done what they refuse: each record is
// handled once. What passes is sat out, and what does not ends the life of the task; the next one begins from the log.
func TestBrokersRefuse(t *testing.T) {
	t.Parallel()
	moved := []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress}
	fenced := []*kerr.Error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidTxnState, kerr.InvalidProducerIDMapping}
	member := []*kerr.Error{kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress}
	for key, errs := range map[kmsg.Key][][]*kerr.Error{
		kmsg.FindCoordinator:    {{kerr.CoordinatorNotAvailable}},
		kmsg.InitProducerID:     {moved, fenced, {kerr.ConcurrentTransactions}},
		kmsg.AddPartitionsToTxn: {moved, fenced, {kerr.ConcurrentTransactions, kerr.OperationNotAttempted}},
		kmsg.AddOffsetsToTxn:    {moved, fenced, {kerr.ConcurrentTransactions}},
		kmsg.TxnOffsetCommit:    {moved, fenced, member},
		kmsg.EndTxn:             {moved, fenced, {kerr.ConcurrentTransactions}, {kerr.RequestTimedOut}},
		kmsg.OffsetFetch:        {moved},
		kmsg.ListOffsets:        {{kerr.NotLeaderForPartition, kerr.LeaderNotAvailable}},
		kmsg.Produce: {fenced, {kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut},
			{kerr.NotLeaderForPartition, kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID}},
		kmsg.Fetch:     {{kerr.NotLeaderForPartition, kerr.FencedLeaderEpoch, kerr.UnknownTopicOrPartition}},
		kmsg.Heartbeat: {moved, member},
		kmsg.JoinGroup: {moved, member},
		kmsg.SyncGroup: {moved, member},
	} {
		t.Run(key.Name(), func(t *testing.T) {
			t.Parallel()
			b := mustBench(t, 2)
			p := b.mustRun(t, newFolder(), func(c *stream.Config) {
				c.StepRecords, c.TransactionTimeout = 4, 2*time.Second
			})
			b.feed(t, 5)
			b.awaitAll(t)
			for _, group := range errs {
				for _, err := range group {
					refuse := kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: 3}
					if key == kmsg.Produce {
						refuse.Topic = b.out // not what the test itself writes
					}
					fault := b.Embedded.Kafka().Fault(refuse)
					b.feed(t, 10)
					p.network.cut(false) // so that coordinators and leaders are asked for anew
					b.awaitAll(t)
					fault.Remove()
				}
			}
			p.end(t)
			b.check(t)
		})
	}
}
