package consumer_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

func TestMembersShareEvenlyKeepWhatTheyHaveAndLeave(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	topic, group := prefix+"t", prefix+"g"
	c.CreateTopic(t, topic, 12, nil)
	client := mustOpen(t, c)
	config := consumer.GroupConfig{
		Group: group, Topics: []string{topic}, HeartbeatInterval: 50 * time.Millisecond,
		SessionTimeout: time.Minute, // that a member is gone is known from itself alone
	}

	one := mustJoin(t, client, config)
	awaitShares(t, []*member{one}, 12)
	all := one.latest()
	if all.PartitionCounts[topic] != 12 || all.Lost != nil || all.MemberID == "" {
		t.Errorf("told %+v", all)
	}
	two := mustJoin(t, client, config)
	awaitShares(t, []*member{one, two}, 6, 6)
	three := mustJoin(t, client, config)
	members := []*member{one, two, three}
	awaitShares(t, members, 4, 4, 4)
	for _, m := range []*member{one, two} { // who had some, has none but of those
		told := m.history()
		before, after := told[len(told)-2].Partitions[topic], told[len(told)-1].Partitions[topic]
		for _, p := range after {
			if !slices.Contains(before, p) {
				t.Errorf("from %v to %v", before, after)
			}
		}
	}
	if err := one.leave(); err != nil {
		t.Errorf("Run: %v", err)
	}
	awaitShares(t, []*member{two, three}, 6, 6)
}

func TestTheOfficialToolsSeeWhoHasWhat(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	m := mustJoin(t, mustOpen(t, c), quick("g", "t"))
	awaitShares(t, []*member{m}, 2)
	described := describe(t, c, "g")
	if described.ProtocolType != "consumer" || described.Protocol != consumer.ProtocolName || len(described.Members) != 1 {
		t.Fatalf("described %+v", described)
	}
	assigned, ok := described.Members[0].Assigned.AsConsumer()
	if !ok || len(assigned.Topics) != 1 || !slices.Equal(assigned.Topics[0].Partitions, []int32{0, 1}) {
		t.Errorf("assigned %+v", assigned)
	}
}

func TestADeadMembersPartitionsGoToTheOthers(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	topic := prefix + "t"
	c.CreateTopic(t, topic, 6, nil)
	config := quick(prefix+"g", topic)
	dies := config
	dies.SessionTimeout = max(time.Second, c.MinSessionTimeout)
	dying, err := cluster.Open(cluster.Config{Brokers: c.Brokers})
	if err != nil {
		t.Fatal(err)
	}
	dead, alive := mustJoin(t, dying, dies), mustJoin(t, mustOpen(t, c), config)
	awaitShares(t, []*member{dead, alive}, 3, 3)
	dying.Close() // it cannot even leave
	if err := <-dead.ended; !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("Run: %v", err)
	}
	awaitShares(t, []*member{alive}, 6)
}

func TestAMemberThatComesBackGetsWhatItsDiskHas(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 6, nil)
	client := mustOpen(t, c)
	stays := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{stays}, 6)
	config := quick("g", "t")
	for _, p := range []int32{0, 2, 4} {
		config.Owned = append(config.Owned, record.TopicPartition{Topic: "t", Partition: p})
	}
	back := mustJoin(t, client, config)
	awaitShares(t, []*member{stays, back}, 3, 3)
	if got := back.latest().Partitions["t"]; !slices.Equal(got, []int32{0, 2, 4}) {
		t.Errorf("it has %v", got)
	}
}

func TestHeartbeatsGoOnWhileTheOwnerIsBusyWithAnAssignment(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	config := quick("g", "t")
	beats := c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Group: "g", Observe: true, Count: -1})
	g := consumer.NewGroup(mustOpen(t, c), config)
	ctx, cancel := context.WithCancel(t.Context())
	ended, told, release := make(chan error, 1), make(chan consumer.Assignment, 10), make(chan struct{})
	go func() {
		ended <- g.Run(ctx, func(a consumer.Assignment) {
			told <- a
			<-release
		})
	}()
	first := <-told
	if err := beats.Wait(within(t), beats.Hits()+40); err != nil { // all of them while it is busy
		t.Fatal(err)
	}
	if described := describe(t, c, "g"); described.State != "Stable" || len(described.Members) != 1 {
		t.Errorf("the coordinator sees %+v", described)
	}
	if err := g.Membership(record.TopicPartition{Topic: "t"}).Confirm(within(t)); err != nil {
		t.Errorf("generation %d: %v", first.Generation, err)
	}
	cancel() // first: nothing that comes after this is told
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(told) != 0 {
		t.Errorf("told more: %+v", <-told)
	}
}

func TestTroubleWhileJoiningIsOvercomeAndLeavesNoGhost(t *testing.T) {
	for _, test := range []struct {
		key   kmsg.Key
		err   *kerr.Error
		count int
	}{
		{kmsg.JoinGroup, kerr.NotCoordinator, 2},
		{kmsg.JoinGroup, kerr.CoordinatorNotAvailable, 2},
		{kmsg.JoinGroup, kerr.CoordinatorLoadInProgress, 3},
		{kmsg.JoinGroup, kerr.UnknownMemberID, 2},
		{kmsg.JoinGroup, kerr.RebalanceInProgress, 2},
		{kmsg.JoinGroup, kerr.UnknownServerError, 2},
		{kmsg.JoinGroup, kerr.InconsistentGroupProtocol, 2},
		{kmsg.JoinGroup, kerr.GroupMaxSizeReached, 2},
		{kmsg.SyncGroup, kerr.RebalanceInProgress, 2},
		{kmsg.SyncGroup, kerr.IllegalGeneration, 2},
		{kmsg.SyncGroup, kerr.UnknownMemberID, 1},
		{kmsg.SyncGroup, kerr.NotCoordinator, 2},
		{kmsg.Metadata, kerr.LeaderNotAvailable, 2},
	} {
		t.Run(test.key.Name()+" "+test.err.Message, func(t *testing.T) {
			c := kafkatest.StartEmbedded(t, embeddedDefaults)
			c.CreateTopic(t, "t", 4, nil)
			c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{test.key}, Err: test.err, Count: test.count})
			client := mustOpen(t, c)
			config := quick("g", "t")
			config.SessionTimeout = 2 * time.Second // also how long a pending member is remembered, see below
			one, two := mustJoin(t, client, config), mustJoin(t, client, config)
			awaitShares(t, []*member{one, two}, 2, 2)
			for _, m := range []*member{one, two} {
				if err := m.leave(); err != nil {
					t.Errorf("Run: %v", err)
				}
			}
			// A pending member of which nobody knows any more is forgotten after the session time-out.
			await(t, "nobody is left", func() bool { return len(describe(t, c, "g").Members) == 0 })
		})
	}
}

func TestWhoEndsWhileJoiningLeaves(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 4, nil)
	client := mustOpen(t, c)
	config := quick("g", "t")
	config.RebalanceTimeout = time.Minute // nothing here ends by time-out
	stays := mustJoin(t, client, config)
	awaitShares(t, []*member{stays}, 4)
	joins := c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: "g", Observe: true, Count: -1})
	for attempts := 1; attempts <= 3; attempts++ { // it is given an id, then waits, then has joined
		before := joins.Hits()
		ended := mustJoin(t, client, config)
		if err := joins.Wait(within(t), before+attempts); err != nil {
			t.Fatal(err)
		}
		if err := ended.leave(); err != nil {
			t.Errorf("Run: %v", err)
		}
		awaitShares(t, []*member{stays}, 4)
		await(t, "one member is left", func() bool {
			described := describe(t, c, "g")
			return len(described.Members) == 1 && described.State == "Stable"
		})
	}
}

func TestWhoEndsBeforeItHasAnIDWaitsForItAndLeaves(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 1, nil)
	kafka := c.Embedded.Kafka()
	leaves := kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.LeaveGroup}, Group: "g", Observe: true, Count: -1})
	arrived, release := make(chan struct{}), make(chan struct{})
	kafka.ControlKey(int16(kmsg.JoinGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		kafka.DropControl()
		close(arrived)
		kafka.SleepControl(func() { <-release })
		return nil, nil, false
	})
	m := mustJoin(t, mustOpen(t, c), quick("g", "t"))
	<-arrived
	m.stop()
	close(release)
	if err := <-m.ended; err != nil || leaves.Hits() == 0 {
		t.Errorf("Run: %v; asked %d times to leave", err, leaves.Hits())
	}
}

func TestWithoutTheTopicNothingIsAssignedUntilItIsThere(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	client := mustOpen(t, c)
	logger, logged := recordLog()
	config := quick("g", "late")
	config.Logger = logger
	one, two := mustJoin(t, client, config), mustJoin(t, client, config)
	await(t, "the missing topic is told", func() bool {
		return strings.Contains(logged(), "late") && strings.Contains(logged(), "UNKNOWN_TOPIC_OR_PARTITION")
	})
	if told := append(one.history(), two.history()...); len(told) > 0 {
		t.Errorf("told %+v", told)
	}
	c.CreateTopic(t, "late", 4, nil)
	awaitShares(t, []*member{one, two}, 2, 2)
}

func TestEachGenerationHasFreshPartitionCounts(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	client := mustOpen(t, c)
	one := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one}, 2)
	if _, err := kadm.NewClient(c.Client(t)).CreatePartitions(within(t), 2, "t"); err != nil {
		t.Fatal(err)
	}
	two := mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one, two}, 2, 2)
	for _, m := range []*member{one, two} {
		if got := m.latest().PartitionCounts; !reflect.DeepEqual(got, map[string]int32{"t": 4}) {
			t.Errorf("counts %v", got)
		}
	}
}

func TestTheMembershipOutlivesTheCoordinatorsMoves(t *testing.T) {
	c := threeBrokers(t)
	c.CreateTopic(t, "t", 4, nil)
	client := mustOpen(t, c)
	one, two := mustJoin(t, client, quick("g", "t")), mustJoin(t, client, quick("g", "t"))
	awaitShares(t, []*member{one, two}, 2, 2)
	owned := record.TopicPartition{Topic: "t", Partition: one.latest().Partitions["t"][0]}
	kafka := c.Embedded.Kafka()
	for range 3 {
		was := kafka.CoordinatorFor("g")
		for kafka.CoordinatorFor("g") == was {
			kafka.RehashCoordinators()
		}
		if err := one.Membership(owned).Confirm(within(t)); err != nil {
			t.Fatalf("after a move: %v", err)
		}
	}
	awaitShares(t, []*member{one, two}, 2, 2)
}

func TestWhatTimeDoesNotHealEndsRun(t *testing.T) {
	for _, test := range []struct {
		key kmsg.Key
		err *kerr.Error
	}{
		{kmsg.JoinGroup, kerr.GroupAuthorizationFailed},
		{kmsg.JoinGroup, kerr.InvalidSessionTimeout},
		{kmsg.JoinGroup, kerr.FencedInstanceID},
		{kmsg.SyncGroup, kerr.GroupAuthorizationFailed},
		{kmsg.Heartbeat, kerr.GroupAuthorizationFailed},
		{kmsg.Heartbeat, kerr.FencedInstanceID},
	} {
		t.Run(test.key.Name()+" "+test.err.Message, func(t *testing.T) {
			c := kafkatest.StartEmbedded(t, embeddedDefaults)
			c.CreateTopic(t, "t", 2, nil)
			c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{test.key}, Group: "g", Err: test.err, Count: -1})
			m := mustJoin(t, mustOpen(t, c), quick("g", "t"))
			select {
			case err := <-m.ended:
				if !errors.Is(err, cluster.Error(test.err.Code)) {
					t.Errorf("Run: %v", err)
				}
			case <-within(t).Done():
				t.Error("Run goes on")
			}
		})
	}
}

func TestAMemberThatIsNotUnderstoodGetsItsShare(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 4, nil)
	m := mustJoin(t, mustOpen(t, c), quick("g", "t"))
	awaitShares(t, []*member{m}, 4)

	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = "g", 60_000, 60_000
	join.ProtocolType = "consumer"
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = consumer.ProtocolName, []byte{0, 9, 0x7f}
	join.Protocols = append(join.Protocols, protocol)
	stranger := c.Client(t)
	named, err := join.RequestWith(within(t), stranger)
	if err != nil || named.ErrorCode != kerr.MemberIDRequired.Code {
		t.Fatalf("%+v, %v", named, err)
	}
	join.MemberID = named.MemberID
	if joined, err := join.RequestWith(within(t), stranger); err != nil || joined.ErrorCode != 0 {
		t.Fatalf("%+v, %v", joined, err)
	}
	awaitShares(t, []*member{m}, 2)
}
