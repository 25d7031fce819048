package admin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/producer"
	"cardstream/record"
	"cardstream/schemas"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestWhatCannotBePutBack(t *testing.T) {
	with := func(key, value string) func(*record.Record) {
		return func(r *record.Record) {
			r.Headers = slices.DeleteFunc(r.Headers, func(h record.Header) bool { return h.Key == key })
			if value != "" {
				r.Headers = append(r.Headers, record.Header{Key: key, Value: []byte(value)})
			}
		}
	}
	for name, test := range map[string]struct {
		change func(*record.Record)
		says   string
	}{
		"not ours":                  {func(r *record.Record) { r.Headers = nil }, "headers do not say"},
		"without a partition":       {with("cardstream.source.partition", ""), "headers do not say"},
		"an offset that is none":    {with("cardstream.source.offset", "seven"), "headers do not say"},
		"of another topic":          {with("cardstream.source.topic", "payroll"), "no topic that dead letters come from"},
		"of the dead letters":       {with("cardstream.source.topic", "p.provisioning.dead-letters"), "no topic that"},
		"of another prefix":         {with("cardstream.source.topic", "provisioning.commands"), "no topic that"},
		"of a partition beyond":     {with("cardstream.source.partition", "2"), "has 2 partitions"},
		"of a partition in front":   {with("cardstream.source.partition", "-1"), "has 2 partitions"},
		"of a topic that is gone":   {with("cardstream.source.topic", "p.smartcard.results"), "has 0 partitions"},
		"from which something lack": {with("cardstream.error.truncated", "value of 9 bytes left out"), "value of 9 bytes"},
	} {
		r := aLetter()
		test.change(&r)
		letter := admin.ReadDeadLetter(r)
		_, err := letter.Original(schemas.Topics{Prefix: "p."}, map[string]int32{"p.provisioning.commands": 2})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

// yard is a cluster with dead letters, and what a Redriver told.
type yard struct {
	kafkatest.Cluster
	topics   schemas.Topics
	client   *cluster.Client
	fetcher  *consumer.Fetcher
	redriver admin.Redriver
	told     []string
}

func openYard(t *testing.T, c kafkatest.Cluster) *yard {
	t.Helper()
	y := &yard{Cluster: c, topics: schemas.Topics{Prefix: c.Prefix(t)}}
	c.CreateTopic(t, y.topics.DeadLetters(), 3, nil)
	c.CreateTopic(t, y.topics.Commands(), 2, nil)
	client, err := cluster.Open(cluster.Config{Brokers: c.Brokers})
	if err != nil {
		t.Fatal(err)
	}
	y.client, y.fetcher = client, consumer.NewFetcher(client, consumer.FetcherConfig{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- y.fetcher.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		client.Close()
	})
	y.redriver = admin.Redriver{
		Producer: producer.NewIdempotent(client, producer.IdempotentConfig{}), Topics: y.topics,
		Partitions: map[string]int32{y.topics.Commands(): 2}, Timeout: 20 * time.Second,
		Told: func(l *admin.DeadLetter, fate admin.Fate) error {
			y.told = append(y.told, fmt.Sprintf("%s %s %d", l.Record.Key, fate.Outcome, fate.Offset))
			return nil
		},
	}
	return y
}

// bury writes dead letters of commands, keyed as told, of one partition.
func (y *yard) bury(t *testing.T, partition int32, keys ...string) {
	t.Helper()
	client := y.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for _, key := range keys {
		r := &kgo.Record{Topic: y.topics.DeadLetters(), Partition: partition, Key: []byte(key), Value: []byte("of " + key)}
		for _, h := range aLetter().Headers {
			switch h.Key {
			case "cardstream.source.topic":
				h.Value = []byte(y.topics.Commands())
			case "cardstream.source.partition":
				h.Value = fmt.Append(nil, partition)
			}
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// redrive puts all of them back.
func (y *yard) redrive(t *testing.T) error {
	t.Helper()
	err := admin.ReadAll(t.Context(), y.client, y.fetcher, y.topics.DeadLetters(), func(r record.Record) error {
		return y.redriver.Add(t.Context(), admin.ReadDeadLetter(r))
	})
	return errors.Join(err, y.redriver.Flush(t.Context()))
}

func (y *yard) wantTold(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(y.told, want) {
		t.Errorf("told %q, want %q", y.told, want)
	}
	y.told = nil
}

func TestDeadLettersGoBackInOrderAsTheyWere(t *testing.T) {
	y := openYard(t, kafkatest.Start(t))
	y.bury(t, 1, "a", "b", "c")
	y.bury(t, 0, "d")
	y.redriver.DryRun = true
	if err := y.redrive(t); err != nil {
		t.Fatal(err)
	}
	y.wantTold(t, "d would_be_redriven 0", "a would_be_redriven 0", "b would_be_redriven 0", "c would_be_redriven 0")
	y.redriver.DryRun = false
	for again := range 2 {
		if err := y.redrive(t); err != nil {
			t.Fatal(err)
		}
		y.wantTold(t, fmt.Sprint("d redriven ", again), fmt.Sprint("a redriven ", 3*again),
			fmt.Sprint("b redriven ", 3*again+1), fmt.Sprint("c redriven ", 3*again+2))
	}
	reader := y.Client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		y.topics.Commands(): {1: kgo.NewOffset().AtStart()},
	}))
	got := reader.PollRecords(t.Context(), 1).Records()[0]
	if string(got.Key) != "a" || string(got.Value) != "of a" ||
		!reflect.DeepEqual(got.Headers, []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1")}}) {
		t.Errorf("put back as %q %q %v", got.Key, got.Value, got.Headers)
	}
}

func TestWhatComesMeanwhileIsNotRead(t *testing.T) {
	y := openYard(t, kafkatest.Start(t))
	y.bury(t, 1, "a", "b")
	y.bury(t, 2, "c")
	var read []string
	err := admin.ReadAll(t.Context(), y.client, y.fetcher, y.topics.DeadLetters(), func(r record.Record) error {
		y.bury(t, r.Partition, "more")
		y.bury(t, 2, "still more")
		read = append(read, string(r.Key))
		return nil
	})
	if err != nil || !slices.Equal(read, []string{"a", "b", "c"}) {
		t.Errorf("read %q, %v", read, err)
	}
}

func TestARateBoundsWhatGoesBack(t *testing.T) {
	y := openYard(t, kafkatest.Start(t))
	y.bury(t, 1, strings.Split(strings.Repeat("x", 21), "")...)
	y.redriver.Rate = 50
	began := time.Now()
	if err := y.redrive(t); err != nil || len(y.told) != 21 {
		t.Errorf("%d, %v", len(y.told), err)
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("21 at 50 a second took %s", took)
	}
}

func TestOneThatIsTooLargeKeepsBackNoOther(t *testing.T) {
	y := openYard(t, kafkatest.Start(t))
	for _, key := range []string{"a", "large", "b"} {
		r := aLetter()
		r.Key = []byte(key)
		r.Headers[2].Value = []byte(y.topics.Commands())
		if key == "large" {
			r.Key = bytes.Repeat([]byte("l"), 1<<20)
			y.redriver.Told = func(l *admin.DeadLetter, fate admin.Fate) error {
				y.told = append(y.told, fmt.Sprintf("%c %s %d", l.Record.Key[0], fate.Outcome, fate.Offset))
				return nil
			}
		}
		if err := y.redriver.Add(t.Context(), admin.ReadDeadLetter(r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := y.redriver.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	y.wantTold(t, "a redriven 0", "l cannot_be_redriven 0", "b redriven 1")
}

func TestWhatTheBrokersDidNotTakeIsTold(t *testing.T) {
	y := openYard(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	y.bury(t, 1, "a", "b")
	y.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: y.topics.Commands(), Err: kerr.TopicAuthorizationFailed, Count: -1,
	})
	if err := y.redrive(t); !errors.Is(err, cluster.TopicAuthorizationFailed) {
		t.Errorf("error %v", err)
	}
	y.wantTold(t, "a not_redriven 0", "b not_redriven 0")
}
