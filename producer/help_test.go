package producer_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/producer"
	"cardstream/record"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// bench is a cluster with three topics to write to and an input topic with a group, all of this test alone.
type bench struct {
	kafkatest.Cluster
	out, state, in string // topics: three, one and one partitions
	group, id      string // a consumer group and a transactional id
	settles        bool   // every Init writes a marker to each partition
}

// mustBench starts a cluster: the real one where the environment asks for it, else an embedded one of three brokers.
func mustBench(tb testing.TB) bench {
	tb.Helper()
	if os.Getenv(kafkatest.Variable) == "real" {
		return prepare(tb, kafkatest.Start(tb))
	}
	return mustFaultyBench(tb)
}

// mustFaultyBench starts an embedded cluster, which takes faults, whatever the environment says.
func mustFaultyBench(tb testing.TB) bench {
	tb.Helper()
	return prepare(tb, kafkatest.StartEmbedded(tb, devkafka.Config{Brokers: 3}))
}

// mustAnnouncingBench is mustFaultyBench with a cluster that takes no transactions of version 2.
func mustAnnouncingBench(tb testing.TB) bench {
	tb.Helper()
	b := mustFaultyBench(tb)
	const safeDowngrade = 2
	request := kmsg.NewPtrUpdateFeaturesRequest()
	update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	update.Feature, update.MaxVersionLevel, update.UpgradeType = cluster.TransactionVersion, 0, safeDowngrade
	request.FeatureUpdates = append(request.FeatureUpdates, update)
	answer, err := request.RequestWith(tb.Context(), b.Client(tb))
	if err == nil {
		err = kerr.ErrorForCode(answer.ErrorCode)
	}
	if err != nil {
		tb.Fatal(err)
	}
	b.settles = true
	return b
}

// inBothVersions runs a test in transactions of version 2, and, on an embedded cluster, in those whose partitions are
// announced.
func inBothVersions(t *testing.T, test func(*testing.T, bench)) {
	t.Helper()
	t.Run("joining", func(t *testing.T) { test(t, mustBench(t)) })
	t.Run("announcing", func(t *testing.T) { test(t, mustAnnouncingBench(t)) })
}

func prepare(tb testing.TB, c kafkatest.Cluster) bench {
	tb.Helper()
	prefix := c.Prefix(tb)
	b := bench{Cluster: c, out: prefix + "out", state: prefix + "state", in: prefix + "in",
		group: prefix + "group", id: prefix + "id"}
	timed := map[string]string{"message.timestamp.type": "LogAppendTime"}
	c.CreateTopic(tb, b.out, 3, timed)
	c.CreateTopic(tb, b.state, 1, timed)
	c.CreateTopic(tb, b.in, 1, timed)
	return b
}

// open opens a client, closed with the test. What change sets is set.
func (b bench) open(tb testing.TB, change ...func(*cluster.Config)) *cluster.Client {
	tb.Helper()
	config := cluster.Config{Brokers: b.Brokers}
	for _, set := range change {
		set(&config)
	}
	client, err := cluster.Open(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// mustInit returns a producer of the bench's transactional id that is ready for a transaction.
func (b bench) mustInit(tb testing.TB, client *cluster.Client) *producer.Transactional {
	tb.Helper()
	t := producer.NewTransactional(client, b.config())
	if err := t.Init(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return t
}

// config is that of a producer which may write to all of the bench's topics.
func (b bench) config() producer.Config {
	return producer.Config{
		TransactionalID: b.id, Group: b.group, Inputs: []record.TopicPartition{{Topic: b.in}},
		Partitions: []record.TopicPartition{
			{Topic: b.out}, {Topic: b.out, Partition: 1}, {Topic: b.out, Partition: 2}, {Topic: b.state}},
	}
}

// step is a transaction with one record for each partition and the next input offset.
func (b bench) step(value string, next int64) producer.Transaction {
	return producer.Transaction{
		Records: []record.Record{
			b.record(b.out, 0, value), b.record(b.out, 1, value), b.record(b.out, 2, value), b.record(b.state, 0, value)},
		Offsets: map[record.TopicPartition]int64{{Topic: b.in}: next},
		Group:   b.group,
	}
}

func (b bench) record(topic string, partition int32, value string) record.Record {
	return record.Record{Topic: topic, Partition: partition, Key: []byte("k-" + value), Value: []byte(value),
		Headers: []record.Header{{Key: "h", Value: []byte("1")}}}
}

// committed reads a partition to its end as committed and returns the values: the judge, an independent client.
func (b bench) committed(tb testing.TB, topic string, partition int32) (values []string) {
	tb.Helper()
	for _, r := range b.read(tb, topic, partition) {
		values = append(values, string(r.Value))
	}
	return values
}

// read is committed with all that a record has.
func (b bench) read(tb testing.TB, topic string, partition int32) []*kgo.Record {
	tb.Helper()
	return slices.DeleteFunc(b.log(tb, topic, partition), func(r *kgo.Record) bool { return r.Attrs.IsControl() })
}

// log is read with markers.
func (b bench) log(tb testing.TB, topic string, partition int32) (records []*kgo.Record) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	client := b.Client(tb,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		tb.Fatal(err)
	}
	end, _ := ends.Lookup(topic, partition)
	for next := int64(0); next < end.Offset; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			tb.Fatalf("read %s-%d at %d of %d: %v", topic, partition, next, end.Offset, err)
		}
		for _, r := range fetches.Records() {
			next = r.Offset + 1 // control records are kept, so the last offset is always seen
			records = append(records, r)
		}
	}
	return records
}

// offset returns the group's committed input offset, -1 for none.
func (b bench) offset(tb testing.TB) int64 {
	tb.Helper()
	offsets, err := kadm.NewClient(b.Client(tb)).FetchOffsets(tb.Context(), b.group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return -1
	}
	if err != nil {
		tb.Fatal(err)
	}
	if found, ok := offsets.Lookup(b.in, 0); ok {
		return found.At
	}
	return -1
}

// wantSteps checks that exactly these steps are committed, in this order and in every partition, and the offset of the
// last one.
func (b bench) wantSteps(tb testing.TB, offset int64, values ...string) {
	tb.Helper()
	for partition := range int32(3) {
		if got := b.committed(tb, b.out, partition); !slices.Equal(got, values) {
			tb.Errorf("%s-%d holds %q as committed, want %q", b.out, partition, got, values)
		}
	}
	if got := b.committed(tb, b.state, 0); !slices.Equal(got, values) {
		tb.Errorf("%s-0 holds %q as committed, want %q", b.state, got, values)
	}
	if got := b.offset(tb); got != offset {
		tb.Errorf("committed offset %d, want %d", got, offset)
	}
}

func numbered(n int) (values []string) {
	for i := range n {
		values = append(values, strconv.Itoa(i))
	}
	return values
}
