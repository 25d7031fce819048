package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/stream"
)

// A process that begins, stops and begins again goes on where it was, with its disk or without.
func TestAStageGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 3)
	disk := newFolder()
	for range 3 {
		p := b.mustRun(t, disk)
		b.feed(t, 100)
		b.awaitAll(t)
		awaitShares(t, []*process{p}, 3)
		p.end(t)
		if left := p.Status(); len(left) > 0 {
			t.Errorf("after the end there are still %v", left)
		}
	}
	p := b.mustRun(t, newFolder())
	b.feed(t, 100)
	b.awaitAll(t)
	p.end(t)
	b.check(t)
}

// A topic that grew would put one card into two partitions: the process ends, and has left the group when it says so.
func TestATopicThatGrewEndsTheStage(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 2)
	p := b.mustRun(t, newFolder())
	b.feed(t, 10)
	b.awaitAll(t)
	admin := kadm.NewClient(b.Client(t))
	if _, err := admin.UpdatePartitions(t.Context(), 3, b.in); err != nil {
		t.Fatal(err)
	}
	leaving := b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.LeaveGroup}, Count: -1, Observe: true})
	other := b.mustRun(t, newFolder(), func(c *stream.Config) { c.Counts = nil }) // whose coming makes a new generation
	err := <-p.ended
	if leaving.Hits() != 1 {
		t.Error("it ended before it had left the group")
	}
	if err == nil || !strings.Contains(err.Error(), "topic in has 3 partitions, but had 2") {
		t.Errorf("error %v", err)
	}
	other.end(t)
	b.check(t)
}

// A partition that somebody has to see to stops alone; the others go on.
func TestAStoppedPartitionStopsAlone(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 3)
	p := b.mustRun(t, newFolder())
	b.feed(t, 10)
	b.awaitAll(t)
	p.end(t)
	b.feed(t, 10)
	admin := kadm.NewClient(b.Client(t))
	var deleted kadm.Offsets
	deleted.Add(kadm.Offset{Topic: b.in, Partition: 1, At: 15})
	if _, err := admin.DeleteRecords(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	p = b.mustRun(t, p.disk)
	b.await(t, b.fed-10, b.wakings()-2)
	awaitState(t, p, 1, stream.Stopped)
	for _, s := range p.Status() {
		stopped := s.Partition == 1
		if (s.State == stream.Stopped) != stopped || strings.Contains(s.Detail, "deleted") != stopped {
			t.Errorf("partition %d is %s (%s)", s.Partition, s.State, s.Detail)
		}
	}
	p.end(t)
}

// awaitState waits until a partition's task is in a state.
func awaitState(t *testing.T, p *process, partition int32, want stream.State) {
	t.Helper()
	await(t, fmt.Sprintf("partition %d is %s", partition, want), func() bool {
		return slices.ContainsFunc(p.Status(), func(s stream.Status) bool {
			return s.Partition == partition && s.State == want
		})
	})
}

// A group that cannot be joined, and will not be by trying again, ends the stage.
func TestAGroupThatRefusesEndsTheStage(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 2)
	p := b.mustRun(t, newFolder())
	b.feed(t, 10)
	b.awaitAll(t)
	b.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.GroupAuthorizationFailed, Count: -1,
	})
	if err := <-p.ended; err == nil || !strings.Contains(err.Error(), "GROUP_AUTHORIZATION_FAILED") {
		t.Errorf("error %v", err)
	}
	b.check(t)
}

// One stage, two processes: who is thrown out of the group, as after a long sleep, comes back without harm.
func TestAMemberThatIsThrownOutComesBack(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 4)
	p, other := b.mustRun(t, newFolder()), b.mustRun(t, newFolder())
	awaitShares(t, []*process{p, other}, 2, 2)
	for range 5 {
		b.feed(t, 20)
		b.await(t, b.fed-60, 0)
		fault := b.Embedded.Kafka().Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.UnknownMemberID, Count: 1,
		})
		if err := fault.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	b.awaitAll(t)
	p.end(t)
	other.end(t)
	b.check(t)
}
