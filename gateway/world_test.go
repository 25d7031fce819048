package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/gateway"
	"cardstream/handlers"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/devtoken"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
	"cardstream/stream"
)

const partitions = 4

// world is a cluster with the topics, an issuer of tokens, and whatever runs on it.
type world struct {
	t        *testing.T
	cluster  kafkatest.Cluster
	client   *cluster.Client
	registry *schemas.Registry
	topics   schemas.Topics
	schemas  *schemas.Set
	layout   admin.Layout
	issuer   *devtoken.Issuer
	keys     string // file with the issuer's public keys
	log      *lockedBuffer
	digester provisioning.Digester
}

// newWorld starts an embedded cluster on which nothing runs yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, cluster: kafkatest.StartEmbedded(t, devkafka.Config{}), log: new(lockedBuffer), digester: digester}
	w.client = must(cluster.Open(cluster.Config{Brokers: w.cluster.Brokers}))
	t.Cleanup(w.client.Close)
	w.registry = must(schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{w.cluster.RegistryURL}}))
	t.Cleanup(w.registry.Close)
	plan := admin.Plan{Topics: w.topics, Partitions: partitions, ReplicationFactor: 1, MinInSyncReplicas: 1}
	must(plan.Create(t.Context(), w.client))
	must(schemas.Register(t.Context(), w.registry, w.topics))
	w.layout = must(plan.Describe(t.Context(), w.client))
	w.schemas = must(schemas.Load(t.Context(), w.registry, w.topics))
	w.issuer = must(devtoken.New())
	w.keys = filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(w.keys, must(w.issuer.Keys()), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// logger writes to the world's log.
func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(w.log, nil)) }

var digester = provisioning.NewDigester([]byte("the digest key of these tests"))

// working is intake and dispatch under way.
type working struct {
	stop   func() // ends them; at the test's end at the latest
	stages []*stream.Stage
}

// work runs intake and dispatch. results says whether the headend answers: nobody does here, so a card stays busy with
// what was sent to it.
func (w *world) work(results bool) *working {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	fetcher := consumer.NewFetcher(w.client, consumer.FetcherConfig{})
	opened := must(store.Open(w.t.TempDir(), store.Options{Decode: func(value []byte) (provisioning.Request, error) {
		return w.schemas.State.Decode(context.Background(), value)
	}}))
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return fetcher.Run(ctx) })
	stages := w.stages(fetcher, opened, results)
	for _, stage := range stages {
		running.Go(func() error { return stage.Run(ctx) })
	}
	stop := sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(running.Wait(), opened.Close()); err != nil {
			w.t.Errorf("stages: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return &working{stop: stop, stages: stages}
}

// awaitStepping waits until they are at work on all partitions: for who shares those with nobody.
func (s *working) awaitStepping(t *testing.T) {
	t.Helper()
	for _, stage := range s.stages {
		await(t, "a stage has all partitions at work", func() bool {
			tasks := stage.Status()
			return len(tasks) == partitions &&
				!slices.ContainsFunc(tasks, func(task stream.Status) bool { return task.State != stream.Stepping })
		})
	}
}

func (w *world) stages(fetcher *consumer.Fetcher, opened *store.Store, results bool) []*stream.Stage {
	reg := prometheus.NewRegistry()
	sm, hm := stream.NewMetrics(reg), handlers.NewMetrics(reg)
	letters := handlers.DeadLetters{Topics: w.topics, Partitions: partitions, MostBytes: 1 << 20}
	stage := func(name, topic string, newHandler stream.NewHandler) *stream.Stage {
		c := stream.DefaultConfig()
		c.Stage, c.Group, c.Metrics, c.Log = name, "test-"+name, sm, slog.New(slog.DiscardHandler)
		c.Counts = map[string]int32{topic: partitions}
		return stream.NewStage(c, w.client, fetcher, consumer.GroupConfig{Topics: []string{topic}}, producer.Config{},
			newHandler)
	}
	rules := must(provisioning.NewRules(provisioning.DefaultPINPattern, provisioning.DefaultHorizon))
	intake := handlers.IntakeConfig{
		Topics: w.topics, Partitions: partitions, Schemas: w.schemas, Foreign: schemas.NewForeign(w.registry),
		Rules: rules, DeadLetters: letters, Metrics: hm,
	}
	identity := must(w.identity(w.t.Context()))
	dispatch := handlers.DispatchConfig{
		Topics: w.topics, Schemas: w.schemas, Digester: w.digester, DeadLetters: letters, Metrics: hm,
		Identity: handlers.Identity(identity), Clock: time.Now,
		Policy: provisioning.Policy{
			Results: results, Timeout: time.Hour, Attempts: 3, RetryMin: time.Second, RetryMax: time.Second,
			Retention: time.Hour,
		},
	}
	return []*stream.Stage{
		stage("intake", w.topics.Commands(), func(context.Context, record.TopicPartition) (stream.Handler, error) {
			return handlers.NewIntake(intake), nil
		}),
		stage("dispatch", w.topics.Requests(), func(_ context.Context, tp record.TopicPartition) (stream.Handler, error) {
			leased, err := opened.Lease(tp.Partition)
			if err != nil {
				return nil, err
			}
			return handlers.NewDispatch(dispatch, tp.Partition, leased), nil
		}),
	}
}

func (w *world) identity(ctx context.Context) (gateway.Identity, error) {
	id, err := w.client.TopicID(ctx, w.topics.State())
	return gateway.Identity{ClusterID: w.layout.ClusterID, TopicID: id, MaxAge: time.Hour}, err
}

// server is a gateway that runs.
type server struct {
	*gateway.Gateway
	store string
	stop  func() // ends it as SIGTERM does; at the test's end at the latest
}

// gateway runs a gateway and waits until it is ready.
func (w *world) gateway(change ...func(*gateway.Web)) *server {
	w.t.Helper()
	s := w.listen(change...)
	if err := s.AwaitReady(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// listen runs a gateway.
func (w *world) listen(change ...func(*gateway.Web)) *server {
	w.t.Helper()
	web := gateway.Web{
		Addr: "127.0.0.1:0", Keys: w.keys,
		Tokens: gateway.Tokens{Issuer: devtoken.Name, Audience: devtoken.Audience, Algorithms: []string{"ES256", "RS256"}},
		Wait:   time.Minute, Concurrency: 1000, Connections: 1000, TimeZone: time.UTC, Store: w.t.TempDir(),
	}
	for _, c := range change {
		c(&web)
	}
	g := must(gateway.Listen(web, gateway.Kafka{
		Client: w.client, Schemas: w.schemas, Topics: w.topics, CommandPartitions: partitions, Partitions: partitions,
		Identity: w.identity, Rules: must(provisioning.NewRules(provisioning.DefaultPINPattern, provisioning.DefaultHorizon)),
		Digester: w.digester, Log: w.logger(), Metrics: gateway.NewMetrics(prometheus.NewRegistry()),
	}))
	ctx, cancel := context.WithCancel(w.t.Context())
	var running errgroup.Group
	running.Go(func() error { return g.Run(ctx) })
	stop := sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(running.Wait(), g.Close()); err != nil {
			w.t.Errorf("gateway: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return &server{Gateway: g, store: web.Store, stop: stop}
}

// goodToken is a token that is good.
func (w *world) goodToken() string { return must(w.issuer.Token("tester", time.Hour)) }

// readAll returns what is left of a body.
func readAll(r io.Reader) string { return string(must(io.ReadAll(r))) }

// quoted makes a JSON string of a text.
func quoted(s string) string { return strconv.Quote(s) }
