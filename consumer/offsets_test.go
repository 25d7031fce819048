package consumer_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

func TestCommittedOffsetsAreRead(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	topic, other, group := prefix+"t", prefix+"u", prefix+"g"
	c.CreateTopic(t, topic, 3, nil)
	c.CreateTopic(t, other, 1, nil)
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 7, -1)
	offsets.AddOffset(topic, 2, 0, -1)
	offsets.AddOffset(other, 0, 9, -1)
	if err := kadm.NewClient(c.Client(t)).CommitAllOffsets(within(t), group, offsets); err != nil {
		t.Fatal(err)
	}
	client := mustOpen(t, c)
	asked := []record.TopicPartition{{Topic: topic}, {Topic: other}, {Topic: topic, Partition: 1}, {Topic: topic, Partition: 2}}
	want := map[record.TopicPartition]int64{{Topic: topic}: 7, {Topic: other}: 9, {Topic: topic, Partition: 2}: 0}
	if got, err := consumer.Committed(within(t), client, group, asked); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if got, err := consumer.Committed(within(t), client, prefix+"nobody", asked); err != nil || len(got) > 0 {
		t.Errorf("of a group that committed nothing: %v, %v", got, err)
	}
}

func TestThePlacesOfAPartitionAreListed(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c, kgo.TransactionalID(prefix+"id"))
	transaction(t, w, tp, kgo.TryCommit, "a", "b", "c")
	deleteRecords(t, w, tp, 2)
	begin(t, w)
	write(t, w, tp, "open")
	client := mustOpen(t, c)
	for place, want := range map[consumer.Place]int64{consumer.Earliest: 2, consumer.Latest: 5, consumer.Stable: 4} {
		if got, err := consumer.ListOffset(within(t), client, tp, place); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", place, got, err, want)
		}
	}
	finish(t, w, kgo.TryAbort)
}

func TestOffsetsAreAskedForAgainWhereTimeHeals(t *testing.T) {
	for _, code := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.OffsetNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator,
	} {
		t.Run(code.Message, func(t *testing.T) {
			c := kafkatest.StartEmbedded(t, embeddedDefaults)
			tp := record.TopicPartition{Topic: "t"}
			c.CreateTopic(t, "t", 1, nil)
			last := write(t, writer(t, c), tp, "a")
			kafka, client := c.Embedded.Kafka(), mustOpen(t, c)
			kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: code, Count: 3})
			if got, err := consumer.ListOffset(within(t), client, tp, consumer.Latest); err != nil || got != last+1 {
				t.Errorf("ListOffset: %d, %v", got, err)
			}
			kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: "g", Err: code, Count: 3})
			if _, err := consumer.Committed(within(t), client, "g", []record.TopicPartition{tp}); err != nil {
				t.Errorf("Committed: %v", err)
			}
		})
	}
}

// A broker that has just started hears of its topics late: for a while, that one is unknown says nothing.
func TestATopicIsUnknownToABrokerThatJustStarted(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, "t", 1, nil)
	last := write(t, writer(t, c), tp, "a")
	client := mustOpen(t, c)
	c.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.UnknownTopicOrPartition, Count: 3,
	})
	if got, err := consumer.ListOffset(within(t), client, tp, consumer.Latest); err != nil || got != last+1 {
		t.Errorf("%d, %v; want %d", got, err, last+1)
	}
}

// The time that ends in the middle of an attempt does not hide what the attempts before it ran into.
func TestAnEndInTheMiddleTellsWhatWasBefore(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 1, nil)
	client := mustOpen(t, c)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	kafka, asked, release := c.Embedded.Kafka(), 0, make(chan struct{})
	defer close(release)
	kafka.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		kafka.KeepControl()
		if asked++; asked > 1 {
			cancel()
			kafka.SleepControl(func() { <-release })
			return nil, nil, false
		}
		partition := kmsg.NewListOffsetsResponseTopicPartition()
		partition.ErrorCode = kerr.NotLeaderForPartition.Code
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic, topic.Partitions = "t", append(topic.Partitions, partition)
		answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
	_, err := consumer.ListOffset(ctx, client, record.TopicPartition{Topic: "t"}, consumer.Latest)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cluster.ErrorOf(kerr.NotLeaderForPartition.Code)) {
		t.Errorf("%v", err)
	}
}

func TestOffsetsThatCannotBeHadAreErrors(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	client := mustOpen(t, c)
	missing := record.TopicPartition{Topic: "missing"}
	asked := c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Observe: true, Count: -1})
	soon, end := context.WithCancel(within(t))
	defer end()
	go func() {
		_ = asked.Wait(soon, 2) // each attempt asks once: the first has failed
		end()
	}()
	if _, err := consumer.ListOffset(soon, client, missing, consumer.Latest); !errors.Is(err, cluster.UnknownTopicOrPartition) {
		t.Errorf("of a missing topic: %v", err)
	}
	c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: "g", Err: kerr.NotCoordinator, Count: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := consumer.Committed(ctx, client, "g", []record.TopicPartition{missing})
	if err == nil || ctx.Err() == nil {
		t.Errorf("of a coordinator that moves for ever: %v", err)
	}
}
