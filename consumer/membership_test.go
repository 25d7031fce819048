package consumer_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

func partitionOf(number int32) record.TopicPartition {
	return record.TopicPartition{Topic: "t", Partition: number}
}

func TestAMembershipGoesOnWhileThePartitionStaysAndEndsWhenItGoes(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	client := mustOpen(t, c)
	one := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one}, 2)
	first := one.latest()
	memberships := []*consumer.Membership{one.Membership(partitionOf(0)), one.Membership(partitionOf(1))}
	for _, m := range memberships {
		if id, generation := m.Current(); id != first.MemberID || generation != first.Generation || m.Err() != nil {
			t.Errorf("%q in %d, %v; want %q in %d", id, generation, m.Err(), first.MemberID, first.Generation)
		}
	}
	two := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one, two}, 1, 1)
	kept, gone := memberships[0], memberships[1]
	id, generation, err := kept.AfterRefusal(within(t), first.Generation)
	if now := one.latest(); err != nil || id != now.MemberID || generation != now.Generation {
		t.Errorf("what was kept: %q in %d, %v; want %+v", id, generation, err, now)
	}
	if _, _, err := gone.AfterRefusal(within(t), first.Generation); !errors.Is(err, consumer.ErrReassigned) {
		t.Errorf("what was given away: %v", err)
	}
	if _, generation := gone.Current(); generation != first.Generation {
		t.Errorf("what was given away would be committed in generation %d", generation)
	}
	if err := kept.Confirm(within(t)); err != nil {
		t.Errorf("Confirm: %v", err)
	}
	if err := two.leave(); err != nil {
		t.Error(err)
	}
	awaitShares(t, []*member{one}, 2)
	if kept.Err() != nil || !errors.Is(gone.Err(), consumer.ErrReassigned) || one.Membership(partitionOf(1)) == gone {
		t.Errorf("when it came back: kept %v, gone %v", kept.Err(), gone.Err())
	}
	if err := one.leave(); err != nil {
		t.Error(err)
	}
	if err := kept.Confirm(within(t)); !errors.Is(err, consumer.ErrLeft) {
		t.Errorf("after the end: %v", err)
	}
	if err := one.Membership(partitionOf(0)).Err(); !errors.Is(err, consumer.ErrNotAssigned) {
		t.Errorf("a new one after the end: %v", err)
	}
}

func TestARefusalWaitsForTheRebalanceUnderWay(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	client := mustOpen(t, c)
	config := quick("g", "t")
	config.HeartbeatInterval = time.Hour  // only a refusal makes it ask
	config.RebalanceTimeout = time.Minute // and the coordinator waits for it until then
	one := mustJoin(t, client, config)
	awaitShares(t, []*member{one}, 2)
	first := one.latest()
	m := one.Membership(partitionOf(0))

	two := mustJoin(t, client, config)
	await(t, "it waits for the other", func() bool { return describe(t, c, "g").State == "PreparingRebalance" })
	if _, generation, err := m.AfterRefusal(within(t), first.Generation); err != nil || generation <= first.Generation {
		t.Errorf("generation %d, %v", generation, err)
	}
	awaitShares(t, []*member{one, two}, 1, 1)
}

func TestARefusalThatNothingExplainsWaitsNoLongerThanItMay(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 1, nil)
	one := mustJoin(t, mustOpen(t, c), quick("g", "t"))
	awaitShares(t, []*member{one}, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := one.Membership(partitionOf(0)).AfterRefusal(ctx, one.latest().Generation)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestAWokenZombieLearnsThatItIsNoMember(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	config := quick("g", "t")
	config.HeartbeatInterval = time.Hour // as if it were stopped: no clock of its own tells it
	zombie := mustJoin(t, mustOpen(t, c), config)
	awaitShares(t, []*member{zombie}, 2)
	first := zombie.latest()
	m, other := zombie.Membership(partitionOf(0)), zombie.Membership(partitionOf(1))
	expel(t, c, "g", first.MemberID)
	await(t, "the coordinator has thrown it out", func() bool { return len(describe(t, c, "g").Members) == 0 })
	if m.Err() != nil {
		t.Errorf("it knows too early: %v", m.Err())
	}
	if _, _, err := m.AfterRefusal(within(t), first.Generation); !errors.Is(err, cluster.UnknownMemberID) {
		t.Errorf("AfterRefusal: %v", err)
	}
	if err := other.Confirm(within(t)); !errors.Is(err, cluster.UnknownMemberID) {
		t.Errorf("Confirm: %v", err)
	}
	await(t, "it has lost everything and joined again", func() bool {
		told := zombie.history()
		return len(told) == 3 && errors.Is(told[1].Lost, cluster.UnknownMemberID) && len(told[1].Partitions) == 0 &&
			told[2].MemberID != first.MemberID && zombie.count() == 2
	})
	if m.Err() == nil {
		t.Error("an old membership came to life again")
	}
}

// expel takes a member out of its group without its knowledge, as the coordinator does whose clock has run out.
func expel(t *testing.T, c kafkatest.Cluster, group, memberID string) {
	t.Helper()
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Group = group
	member := kmsg.NewLeaveGroupRequestMember()
	member.MemberID = memberID
	leave.Members = append(leave.Members, member)
	if left, err := leave.RequestWith(within(t), c.Client(t)); err != nil || left.ErrorCode != 0 {
		t.Fatalf("%+v, %v", left, err)
	}
}

func TestWhoHearsNoCoordinatorGivesEverythingUp(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	config := quick("g", "t")
	config.SessionTimeout = 2 * time.Second
	one := mustJoin(t, mustOpen(t, c), config)
	awaitShares(t, []*member{one}, 2)
	m := one.Membership(partitionOf(0))
	fault := c.Embedded.Kafka().Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup}, Group: "g", Err: kerr.CoordinatorLoadInProgress, Count: -1})
	await(t, "it gives up", func() bool { return errors.Is(one.latest().Lost, consumer.ErrSessionExpired) })
	if err := m.Confirm(within(t)); !errors.Is(err, consumer.ErrSessionExpired) {
		t.Errorf("Confirm: %v", err)
	}
	fault.Remove()
	awaitShares(t, []*member{one}, 2)
}

func TestAMomentWithoutNetworkCostsNothing(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	client, network := openByNetwork(t, c)
	one := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one}, 2)
	m := one.Membership(partitionOf(0))
	network.cut()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := m.Confirm(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Confirm without a network: %v", err)
	}
	network.mend()
	if err := m.Confirm(within(t)); err != nil || len(one.history()) != 1 {
		t.Errorf("Confirm: %v; told %+v", err, one.history())
	}
}

func TestWhoIsCutOffForLongLosesEverythingToTheOthersAndComesBack(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	topic := prefix + "t"
	c.CreateTopic(t, topic, 4, nil)
	config := quick(prefix+"g", topic)
	short := config
	short.SessionTimeout = max(2*time.Second, c.MinSessionTimeout)
	client, network := openByNetwork(t, c)
	cut, other := mustJoin(t, client, short), mustJoin(t, mustOpen(t, c), config)
	awaitShares(t, []*member{cut, other}, 2, 2)
	before := cut.latest().Partitions
	network.cut()
	await(t, "it gives up", func() bool { return errors.Is(cut.latest().Lost, consumer.ErrSessionExpired) })
	awaitShares(t, []*member{other}, 4)
	network.mend()
	awaitShares(t, []*member{cut, other}, 2, 2)
	if after := cut.latest().Partitions; !reflect.DeepEqual(before, after) {
		t.Errorf("it had %v and came back to %v", before, after)
	}
}

func TestConfirmWaitsForTheCoordinator(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	one, m := mustOwn(t, c)
	before := one.latest().Generation
	fault := c.Embedded.Kafka().Fault(heartbeatsFail(kerr.NotCoordinator, 3))
	if err := m.Confirm(within(t)); err != nil {
		t.Error(err)
	}
	if fault.Hits() == 0 {
		t.Error("it did not ask")
	}
	if again := one.latest().Generation; again != before {
		t.Errorf("generation %d, then %d", before, again)
	}
}

func TestConfirmWaitsForARebalance(t *testing.T) {
	for _, code := range []*kerr.Error{kerr.RebalanceInProgress, kerr.IllegalGeneration} {
		t.Run(code.Message, func(t *testing.T) {
			c := kafkatest.StartEmbedded(t, embeddedDefaults)
			one, m := mustOwn(t, c)
			before := one.latest().Generation
			const untilRemoved = -1
			fault := c.Embedded.Kafka().Fault(heartbeatsFail(code, untilRemoved))
			confirmed := make(chan error, 1)
			go func() { confirmed <- m.Confirm(within(t)) }()
			await(t, "it joins again", func() bool { return one.latest().Generation > before })
			select {
			case err := <-confirmed:
				t.Errorf("it did not wait for the coordinator's word: %v", err)
				confirmed <- err
			default:
			}
			fault.Remove()
			if err := <-confirmed; err != nil {
				t.Error(err)
			}
		})
	}
}

// mustOwn returns a member that owns the topic's only partition.
func mustOwn(t *testing.T, c kafkatest.Cluster) (*member, *consumer.Membership) {
	t.Helper()
	c.CreateTopic(t, "t", 1, nil)
	one := mustJoin(t, mustOpen(t, c), quick("g", "t"))
	awaitShares(t, []*member{one}, 1)
	return one, one.Membership(partitionOf(0))
}

// heartbeatsFail makes so many of the group's heartbeats fail.
func heartbeatsFail(code *kerr.Error, count int) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Group: "g", Err: code, Count: count}
}
