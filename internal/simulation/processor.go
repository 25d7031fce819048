package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/control"
	"cardstream/handlers"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
	"cardstream/stream"
)

// Settings are those of the processors' flags that a simulation varies.
type Settings struct {
	Policy         provisioning.Policy
	PINPattern     string
	ClockBound     time.Duration
	Linger         time.Duration
	StepRecords    int
	SessionTimeout time.Duration

	// RebalanceTimeout is shorter than a processor's. With each member that joins kfake begins anew to wait for the others,
	// which Kafka does not; three members whose tries to join do not meet would keep it waiting for ever. A try lasts for
	// RebalanceTimeout and 3 s more; with a second of it there is time for the wait to end between the tries of three.
	RebalanceTimeout time.Duration
}

// processor is what `cardstream run` runs, with the parts of the same rooms wired in the same way (cmd/cardstream,
// processor.go), but for the listener of the metrics, and with a clock, a disk and a network that are given.
type processor struct {
	settings Settings
	stages   []string
	clock    func() time.Time // stops whoever asks while the machine stands still
	time     func() time.Time // does not, and says the same: for who asks under a lock
	disk     vfs.FS
	log      *slog.Logger
	client   *cluster.Client
	registry *schemas.Registry

	topics  schemas.Topics
	layout  admin.Layout
	schemas *schemas.Set
	store   *store.Store
	fetcher *consumer.Fetcher
	control *control.Follower
	metrics *stream.Metrics
	handled *handlers.Metrics
}

func (p *processor) close() error {
	var err error
	if p.store != nil {
		err = p.store.Close()
	}
	p.client.Close()
	p.registry.Close()
	return err
}

// run works until ctx ends, and drains.
func (p *processor) run(ctx context.Context) error {
	err := p.work(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (p *processor) work(ctx context.Context) error {
	reg := prometheus.NewRegistry()
	p.metrics, p.handled = stream.NewMetrics(reg), handlers.NewMetrics(reg)
	if err := p.prepare(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving := new(errgroup.Group)
	serving.Go(func() error { return p.fetcher.Run(background) })
	working, ctx := errgroup.WithContext(ctx)
	if p.has("intake") {
		intake := p.intake()
		working.Go(func() error { return intake.Run(ctx) })
	}
	if p.has("dispatch") {
		p.control = control.NewFollower(p.client, p.fetcher, control.Config{
			Topic: p.topics.Control(), Codec: p.schemas.Control, Metrics: control.NewMetrics(reg), Log: p.log,
		})
		dispatch, err := p.dispatch(ctx)
		if err == nil {
			working.Go(func() error { return p.control.Run(ctx) })
			working.Go(func() error { return p.runDispatch(ctx, dispatch) })
			working.Go(func() error { return p.watchStore(ctx) })
		} else {
			working.Go(func() error { return err })
		}
	}
	err := working.Wait()
	stop()
	return errors.Join(err, serving.Wait())
}

func (p *processor) has(stage string) bool { return slices.Contains(p.stages, stage) }

// runDispatch takes no partition before it is known whether the run is paused.
func (p *processor) runDispatch(ctx context.Context, dispatch *stream.Stage) error {
	select {
	case <-p.control.Ready():
		return dispatch.Run(ctx)
	case <-ctx.Done():
		return nil
	}
}

func (p *processor) watchStore(ctx context.Context) error {
	select {
	case <-p.store.Failed():
		return fmt.Errorf("local store: %w", p.store.Err())
	case <-ctx.Done():
		return nil
	}
}

// fetchBytes is what is fetched of a partition at a time, as in cmd/cardstream.
const fetchBytes = 384 << 10

// prepare brings up everything that the stages need.
func (p *processor) prepare(ctx context.Context) error {
	plan := admin.Plan{Topics: p.topics}
	err := persist(ctx, func() (err error) {
		p.layout, err = plan.Describe(ctx, p.client)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range plan.Check(p.layout) {
		if d.Vital {
			return errors.New(d.String())
		}
	}
	if p.schemas, err = schemas.Load(ctx, p.registry, p.topics); err != nil {
		return fmt.Errorf("load schemas: %w", err)
	}
	p.fetcher = consumer.NewFetcher(p.client, consumer.FetcherConfig{
		MaxPartitionBytes: fetchBytes, BufferBytes: fetchBytes, MaxBytes: 16 * fetchBytes, Clock: p.time, Logger: p.log,
	})
	return nil
}

// persist tries until it succeeds, as long as nobody has to change something.
func persist(ctx context.Context, try func() error) error {
	backoff := cluster.Backoff{Min: 250 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := try()
		if err == nil || cluster.KindOf(err) == cluster.Stop {
			return err
		}
		if err := backoff.Wait(ctx); err != nil {
			return err
		}
	}
}

func (p *processor) letters() handlers.DeadLetters {
	return handlers.DeadLetters{
		Topics: p.topics, Partitions: p.layout.Partitions[p.topics.DeadLetters()], MostBytes: p.layout.DeadLetterBytes,
	}
}

func (p *processor) outputs() handlers.Outputs {
	return handlers.Outputs{Topics: p.topics, Partitions: p.layout.Partitions}
}

func (p *processor) intake() *stream.Stage {
	rules, err := provisioning.NewRules(p.settings.PINPattern, provisioning.DefaultHorizon)
	if err != nil {
		panic(err) // ours
	}
	config := handlers.IntakeConfig{
		Topics: p.topics, Partitions: p.layout.Partitions[p.topics.Requests()], Schemas: p.schemas,
		Foreign: schemas.NewForeign(p.registry), Rules: rules, DeadLetters: p.letters(), Metrics: p.handled,
	}
	outputs := p.outputs().OfIntake()
	return p.stage("intake", []string{p.topics.Commands(), p.topics.SmartcardResults()}, nil,
		func(record.TopicPartition) []record.TopicPartition { return outputs },
		func(context.Context, record.TopicPartition) (stream.Handler, error) {
			return handlers.NewIntake(config), nil
		})
}

func (p *processor) dispatch(ctx context.Context) (*stream.Stage, error) {
	var identity handlers.Identity
	err := persist(ctx, func() (err error) {
		identity, err = p.identity(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.store, _, err = store.OpenOrReplace("store", store.Options{
		CacheBytes: 1 << 20, FS: p.disk, Logger: p.log, FlushInterval: 5 * time.Second,
		Decode: func(value []byte) (provisioning.Request, error) {
			return p.schemas.State.Decode(context.Background(), value)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	held, err := p.store.Held()
	if err != nil {
		return nil, err
	}
	var owned []record.TopicPartition
	for _, partition := range held {
		owned = append(owned, record.TopicPartition{Topic: p.topics.Requests(), Partition: partition})
	}
	config := handlers.DispatchConfig{
		Topics: p.topics, Schemas: p.schemas, Digester: provisioning.NewDigester([]byte("simulated")),
		DeadLetters: p.letters(), Metrics: p.handled, Identity: identity,
		Clock: p.clock, Control: p.control, Log: p.log,
		Partitions: p.layout.Partitions[p.topics.Requests()], Policy: p.settings.Policy,
	}
	return p.stage("dispatch", []string{p.topics.Requests()}, owned,
		func(tp record.TopicPartition) []record.TopicPartition { return p.outputs().OfDispatch(tp.Partition) },
		func(_ context.Context, tp record.TopicPartition) (stream.Handler, error) {
			leased, err := p.store.Lease(tp.Partition)
			if err != nil {
				return nil, err
			}
			return handlers.NewDispatch(config, tp.Partition, leased), nil
		}), nil
}

// identity says which changelog the store is a copy of.
func (p *processor) identity(ctx context.Context) (handlers.Identity, error) {
	id, err := p.client.TopicID(ctx, p.topics.State())
	if err != nil {
		return handlers.Identity{}, fmt.Errorf("identify %s: %w", p.topics.State(), err)
	}
	keeps, err := strconv.ParseInt(p.layout.Settings[p.topics.State()]["delete.retention.ms"], 10, 64)
	if err != nil {
		return handlers.Identity{}, fmt.Errorf("delete.retention.ms of %s: %w", p.topics.State(), err)
	}
	return handlers.Identity{
		ClusterID: p.layout.ClusterID, TopicID: id, MaxAge: time.Duration(keeps/2) * time.Millisecond,
	}, nil
}

// application is the --app of all processors.
const application = "cardstream"

func (p *processor) stage(name string, topics []string, owned []record.TopicPartition,
	outputs func(record.TopicPartition) []record.TopicPartition, handlers stream.NewHandler) *stream.Stage {
	c := stream.DefaultConfig()
	c.Stage, c.Group, c.Clock = name, application+"-"+name, p.clock
	c.Metrics, c.Log, c.Outputs = p.metrics, p.log, outputs
	c.ClockBound, c.Linger, c.StepRecords = p.settings.ClockBound, p.settings.Linger, p.settings.StepRecords
	c.Counts = make(map[string]int32)
	for _, topic := range topics {
		c.Counts[topic] = p.layout.Partitions[topic]
	}
	return stream.NewStage(c, p.client, p.fetcher,
		consumer.GroupConfig{
			Topics: topics, Owned: owned, SessionTimeout: p.settings.SessionTimeout,
			RebalanceTimeout: p.settings.RebalanceTimeout, Logger: p.log,
		},
		producer.Config{TopicBatchBytes: map[string]int{p.topics.DeadLetters(): p.layout.DeadLetterBytes}}, handlers)
}
