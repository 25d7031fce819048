package headendsim_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/consumer"
	"cardstream/headendsim"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

const partitions = 3

// world is a cluster with both topics, on which simulators come and go.
type world struct {
	t       *testing.T
	cluster kafkatest.Cluster
	topics  schemas.Topics
	set     *schemas.Set
	client  *cluster.Client
	fetcher *consumer.Fetcher
	kgo     *kgo.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := kafkatest.Start(t)
	w := &world{t: t, cluster: c, topics: schemas.Topics{Prefix: c.Prefix(t)}}
	c.CreateTopic(t, w.topics.SmartcardCommands(), partitions, nil)
	c.CreateTopic(t, w.topics.SmartcardResults(), partitions, nil)
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{c.RegistryURL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	if _, err := schemas.Register(t.Context(), registry, w.topics); err != nil {
		t.Fatal(err)
	}
	if w.set, err = schemas.Load(t.Context(), registry, w.topics); err != nil {
		t.Fatal(err)
	}
	w.client, err = cluster.Open(cluster.Config{Brokers: c.Brokers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	w.fetcher = consumer.NewFetcher(w.client, consumer.FetcherConfig{MaxWait: 50 * time.Millisecond})
	w.own(func(ctx context.Context) error { return w.fetcher.Run(ctx) })
	w.kgo = c.Client(t, kgo.ConsumeTopics(w.topics.SmartcardResults()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	return w
}

// own runs something until the returned function has ended it, or the test ends.
func (w *world) own(run func(ctx context.Context) error) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	end = sync.OnceFunc(func() { cancel(); done.Wait() })
	w.t.Cleanup(end)
	return end
}

// simulate runs a simulator.
func (w *world) simulate(s headendsim.Settings) (end func()) {
	return w.own(headendsim.New(headendsim.Config{
		Settings: s, Client: w.client, Fetcher: w.fetcher, Schemas: w.set, Log: slog.New(slog.DiscardHandler),
		Group: w.topics.Prefix + "sim", Commands: w.topics.SmartcardCommands(), Results: w.topics.SmartcardResults(),
		ResultPartitions: partitions,
	}).Run)
}

// send writes a command, issued now, to a partition.
func (w *world) send(partition int32, offset int64, attempt int32, card string, timeout time.Duration) {
	w.t.Helper()
	now := provisioning.TimestampOf(time.Now())
	respondBy := now.Add(timeout)
	value, err := w.set.SmartcardCommand.Append(nil, &provisioning.SmartcardCommand{
		RequestNumber: provisioning.RequestNumber{Partition: partition, Offset: offset}, Attempt: attempt,
		Action: provisioning.ResetPIN, Smartcard: provisioning.SmartcardIdentifier{SerialNumber: &card},
		IssuedAt: now, RespondBy: &respondBy,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(partition, card, value)
}

func (w *world) write(partition int32, card string, value []byte) {
	w.t.Helper()
	producer := w.cluster.Client(w.t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	err := producer.ProduceSync(w.t.Context(), &kgo.Record{
		Topic: w.topics.SmartcardCommands(), Partition: partition, Key: []byte("serial_number:" + card), Value: value,
	}).FirstErr()
	if err != nil {
		w.t.Fatal(err)
	}
}

// results waits for so many, and returns them sorted.
func (w *world) results(count int) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	var got []string
	for len(got) < count {
		fetches := w.kgo.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			w.t.Fatalf("%d of %d results: %v: %q", len(got), count, err, got)
		}
		for _, r := range fetches.Records() {
			result, err := w.set.Result.Decode(ctx, r.Value)
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s %d %s", r.Key, result.RequestNumber, result.Attempt, result.Status))
		}
	}
	slices.Sort(got)
	return got
}

func (w *world) want(want ...string) {
	w.t.Helper()
	if got := w.results(len(want)); !slices.Equal(got, want) {
		w.t.Errorf("results\n%q, want\n%q", got, want)
	}
}

func TestEachCommandIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.simulate(headendsim.Settings{Delay: 20 * time.Millisecond})
	w.send(0, 1, 1, "a", time.Minute)
	w.send(1, 1, 1, "SIM-REJECT", time.Minute)
	w.write(1, "none", []byte("no smartcard command"))
	w.send(1, 2, 1, "SIM-TWICE", time.Minute)
	w.send(2, 9, 1, "SIM-SILENT", time.Minute)
	w.send(2, 9, 2, "b", time.Minute)
	w.want("serial_number:SIM-REJECT 1-1 1 REJECTED",
		"serial_number:SIM-TWICE 1-2 1 ACCEPTED", "serial_number:SIM-TWICE 1-2 1 ACCEPTED",
		"serial_number:a 0-1 1 ACCEPTED", "serial_number:b 2-9 2 ACCEPTED")
}

// A simulator that ends with answers waiting loses none of them: the next one reads their commands again.
func TestAnAnswerThatWaitsOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	end := w.simulate(headendsim.Settings{})
	w.send(0, 1, 1, "before", time.Minute)
	w.want("serial_number:before 0-1 1 ACCEPTED") // it is at work: no start takes a part of the time that the next have
	w.send(0, 2, 1, "SIM-LATE", 4*time.Second)
	w.send(0, 3, 1, "behind", time.Minute)
	w.want("serial_number:behind 0-3 1 ACCEPTED")
	end()
	w.simulate(headendsim.Settings{})
	w.want("serial_number:SIM-LATE 0-2 1 ACCEPTED", "serial_number:behind 0-3 1 ACCEPTED")
}

// Two simulators share the partitions, and one takes over what the other leaves.
func TestSimulatorsShareTheWork(t *testing.T) {
	w := newWorld(t)
	end := w.simulate(headendsim.Settings{})
	w.send(0, 1, 1, "a", time.Minute)
	w.want("serial_number:a 0-1 1 ACCEPTED")
	w.simulate(headendsim.Settings{})
	for partition := range int32(partitions) {
		w.send(partition, 2, 1, "b", time.Minute)
	}
	w.want("serial_number:b 0-2 1 ACCEPTED", "serial_number:b 1-2 1 ACCEPTED", "serial_number:b 2-2 1 ACCEPTED")
	end()
	for partition := range int32(partitions) {
		w.send(partition, 3, 1, "c", time.Minute)
	}
	w.want("serial_number:c 0-3 1 ACCEPTED", "serial_number:c 1-3 1 ACCEPTED", "serial_number:c 2-3 1 ACCEPTED")
}

// While it is down nothing is answered, and what has time left is answered afterwards.
func TestAHeadendThatIsDownGoesOn(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	w.simulate(headendsim.Settings{DownFor: 700 * time.Millisecond})
	w.send(0, 1, 1, "a", time.Minute)
	w.want("serial_number:a 0-1 1 ACCEPTED")
	if took := time.Since(began); took < 700*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}
