package answering_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/gateway/internal/answering"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

const topic = "events"

// broadcast is a topic of events, and who writes and follows it.
type broadcast struct {
	cluster kafkatest.Cluster
	schemas *schemas.Set
	hub     *answering.Hub
	events  *answering.Events
	log     *bytes.Buffer // to be read when Run has ended
	stop    func()
}

func newBroadcast(t *testing.T) *broadcast {
	t.Helper()
	b := &broadcast{
		cluster: kafkatest.StartEmbedded(t, devkafka.Config{}), hub: answering.NewHub(provisioning.Digester{}), log: new(bytes.Buffer),
	}
	b.cluster.CreateTopic(t, topic, 2, nil)
	b.schemas = loadSchemas(t, b.cluster)
	client := must(cluster.Open(cluster.Config{Brokers: b.cluster.Brokers}))
	t.Cleanup(client.Close)
	b.events = &answering.Events{
		Hub: b.hub, Client: client, Fetcher: consumer.NewFetcher(client, consumer.FetcherConfig{MaxWait: 20 * time.Millisecond}),
		Codec: b.schemas.Event, Topic: topic, Partitions: 2, Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	return b
}

// follow follows until the test's end, or until stop is called.
func (b *broadcast) follow(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running errgroup.Group
	running.Go(func() error { return b.events.Fetcher.Run(ctx) })
	running.Go(func() error { return b.events.Run(ctx) })
	b.stop = func() {
		cancel()
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(b.stop)
	await(t, "events are followed", b.events.Following)
}

// await asks again and again until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		}
	}
}

// listen returns what is heard of a command; it is closed by nobody.
func (b *broadcast) listen(t *testing.T, id string) <-chan string {
	t.Helper()
	heard := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var listening errgroup.Group
	listening.Go(func() error { b.hub.Listen(ctx, source, id, heard); return nil })
	t.Cleanup(func() {
		cancel()
		_ = listening.Wait() // it returns nil
	})
	await(t, "somebody listens", func() bool { return b.hub.Waiting() > 0 })
	return heard
}

// next is what is heard next.
func next(t *testing.T, heard <-chan string) string {
	t.Helper()
	select {
	case id := <-heard:
		return id
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is heard")
		return ""
	}
}

// event makes the record of an event about a command.
func (b *broadcast) event(partition int32, command, id string) *kgo.Record {
	value := must(b.schemas.Event.Append(nil, &provisioning.Event{
		ID: id, Type: provisioning.CommandRejected, Source: source, CommandID: command,
	}))
	return &kgo.Record{Topic: topic, Partition: partition, Value: value}
}

func (b *broadcast) writer(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	return b.cluster.Client(t, append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
}

func write(t *testing.T, w *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	if err := w.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func TestEventsAreHeardFromTheEndOn(t *testing.T) {
	b := newBroadcast(t)
	w := b.writer(t)
	heard := b.listen(t, "k-1")
	write(t, w, b.event(0, "k-1", "before"), b.event(1, "k-1", "before"))
	b.follow(t)
	write(t, w, b.event(0, "k-1", "first"))
	if id := next(t, heard); id != "first" {
		t.Errorf("heard %s", id)
	}
	write(t, w, b.event(1, "k-2", "another's"), b.event(1, "k-1", "second"))
	if id := next(t, heard); id != "second" {
		t.Errorf("heard %s", id)
	}
	b.stop()
	if b.events.Following() {
		t.Error("it says that it follows, and has ended")
	}
}

// What a transaction wrote and took back has not happened, and what is no event is passed over.
func TestEventsThatAreNoneAreNotHeard(t *testing.T) {
	b := newBroadcast(t)
	heard := b.listen(t, "k-1")
	b.follow(t)
	w := b.writer(t, kgo.TransactionalID("writer"))
	for _, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		if err := w.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		id := map[kgo.TransactionEndTry]string{kgo.TryAbort: "aborted", kgo.TryCommit: "committed"}[try]
		write(t, w, b.event(0, "k-1", id))
		if err := w.EndTransaction(t.Context(), try); err != nil {
			t.Fatal(err)
		}
	}
	if id := next(t, heard); id != "committed" {
		t.Errorf("heard %s", id)
	}
	plain := b.writer(t)
	garbage := b.event(1, "k-1", "garbage")
	garbage.Value = garbage.Value[:len(garbage.Value)-3]
	write(t, plain, &kgo.Record{Topic: topic, Partition: 1}, garbage, b.event(1, "k-1", "behind"))
	if id := next(t, heard); id != "behind" {
		t.Errorf("heard %s", id)
	}
	b.stop()
	if n := strings.Count(b.log.String(), "cannot be read"); n != 2 || strings.Contains(b.log.String(), "k-1") {
		t.Errorf("%d records are complained of: %s", n, b.log)
	}
}

// Kafka deletes events that this process was too slow for: nobody waits for those any more, and it goes on from the end.
func TestEventsThatWereDeletedAreNotWaitedFor(t *testing.T) {
	b := newBroadcast(t)
	heard := b.listen(t, "k-1")
	b.follow(t)
	w := b.writer(t)
	fault := b.cluster.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.NotLeaderForPartition, Count: -1,
	})
	write(t, w, b.event(0, "k-1", "deleted"), b.event(0, "k-1", "left"))
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 1, -1)
	must(kadm.NewClient(w).DeleteRecords(t.Context(), offsets))
	fault.Remove()
	await(t, "it goes on from the end", func() bool {
		write(t, w, b.event(0, "k-1", "new"))
		select {
		case id := <-heard:
			return id == "new"
		default:
			return false
		}
	})
	b.stop()
	if !strings.Contains(b.log.String(), "followed from their end again") {
		t.Errorf("logged: %s", b.log)
	}
}

// A topic that is gone for good ends it: a person must know.
func TestWithoutItsTopicItFails(t *testing.T) {
	b := newBroadcast(t)
	b.events.Fetcher = consumer.NewFetcher(b.events.Client, consumer.FetcherConfig{MissingTopicTimeout: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running errgroup.Group
	running.Go(func() error { return b.events.Fetcher.Run(ctx) })
	failed := make(chan error, 1)
	running.Go(func() error { failed <- b.events.Run(ctx); return nil })
	await(t, "events are followed", b.events.Following)
	must(kadm.NewClient(b.writer(t)).DeleteTopics(t.Context(), topic))
	if err := <-failed; err == nil || !strings.Contains(err.Error(), topic) {
		t.Errorf("%v", err)
	}
	cancel()
	if err := running.Wait(); err != nil {
		t.Error(err)
	}
}
