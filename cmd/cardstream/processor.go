package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/control"
	"cardstream/gateway"
	"cardstream/handlers"
	"cardstream/internal/cluster"
	"cardstream/internal/recordbatch"
	"cardstream/internal/telemetry"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
	"cardstream/stream"
)

// processor is intake and dispatch on one cluster. Make it with newProcessor, Run it once, Close it.
type processor struct {
	settings processorSettings
	client   *cluster.Client
	registry *schemas.Registry
	topics   schemas.Topics
	log      logger
	refuse   func(clusterID string) error // nil: no cluster is refused

	metrics *telemetry.Server
	layout  admin.Layout
	store   *store.Store
	fetcher *consumer.Fetcher
	stages  []*stream.Stage
	gateway *gateway.Gateway // nil where that stage is not wanted
	ready   chan struct{}    // closed when stages and gateway are complete

	// With dispatch only: its stage, and what operators say about the run.
	steered *stream.Stage
	control *control.Follower

	webMetrics *gateway.Metrics
}

// newProcessor checks the settings and binds the metrics' address. It asks nobody yet.
func newProcessor(s processorSettings, c connection, log logger) (*processor, error) {
	client, registry, err := c.open(log)
	if err := errors.Join(s.validate(), err); err != nil {
		if client != nil {
			client.Close()
			registry.Close()
		}
		return nil, usageError{err}
	}
	return &processor{
		settings: s, client: client, registry: registry, topics: c.topics(), log: log, ready: make(chan struct{}),
	}, nil
}

// Close gives back what the processor holds. Call it when Run has returned.
func (p *processor) Close() error {
	var err error
	if p.gateway != nil {
		err = p.gateway.Close()
	}
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	p.client.Close()
	p.registry.Close()
	return err
}

// Run waits for brokers and registry, checks the topics, and works until ctx ends. Then it drains, and returns nil.
func (p *processor) Run(ctx context.Context) error {
	reg := telemetry.NewRegistry()
	metrics, err := telemetry.Listen(telemetry.Config{
		Addr: p.settings.MetricsAddr, Metrics: reg, Ready: p.readiness, Profile: p.settings.Profile, Log: p.log.Logger,
	})
	if err != nil {
		return usageError{err}
	}
	p.metrics, p.webMetrics = metrics, gateway.NewMetrics(reg)
	// The listener and the fetcher serve the stages to their very end, so they outlive ctx.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving, background := errgroup.WithContext(background)
	serving.Go(func() error { return metrics.Serve(background) })

	wanted, end := context.WithCancel(ctx)
	defer end()
	context.AfterFunc(background, end) // what serves the stages has failed: they cannot go on
	working, wanted := errgroup.WithContext(wanted)
	working.Go(func() error {
		stages, err := p.prepare(wanted, stream.NewMetrics(reg), handlers.NewMetrics(reg), control.NewMetrics(reg))
		if err != nil {
			return err
		}
		serving.Go(func() error { return p.fetcher.Run(background) })
		p.stages = stages
		close(p.ready)
		for _, stage := range stages {
			working.Go(func() error { return p.runStage(wanted, stage) })
		}
		if p.gateway != nil {
			working.Go(func() error { return p.gateway.Run(wanted) })
		}
		if p.steered != nil {
			working.Go(func() error { return p.control.Run(wanted) })
			working.Go(func() error { return p.watchStore(wanted) })
		}
		return nil
	})
	err = working.Wait()
	stop()
	if failed := serving.Wait(); failed != nil {
		return errors.Join(failed, err) // whatever else went wrong followed from it
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // asked to end while it still waited for somebody
	}
	return err
}

// runStage runs a stage. Dispatch takes no partition before it is known whether the run is paused.
func (p *processor) runStage(ctx context.Context, stage *stream.Stage) error {
	if stage == p.steered {
		select {
		case <-p.control.Ready():
		case <-ctx.Done():
			return nil
		}
	}
	return stage.Run(ctx)
}

// watchStore ends the processor where the disk has failed beneath the store: it is of no more use to this process, and
// nothing is lost, for the log is the truth.
func (p *processor) watchStore(ctx context.Context) error {
	select {
	case <-p.store.Failed():
		return fmt.Errorf("local store %s: %w", p.settings.Store, p.store.Err())
	case <-ctx.Done():
		return nil
	}
}

// fetchBytes is what is fetched of a partition at a time, and what may wait of it: some thousand commands. More makes
// nothing faster, and every partition of the process holds that much under load.
const fetchBytes = 384 << 10

// prepare brings up everything that the stages need, and makes them.
func (p *processor) prepare(ctx context.Context, sm *stream.Metrics, hm *handlers.Metrics, cm *control.Metrics,
) ([]*stream.Stage, error) {
	if err := waitForBrokers(ctx, p.client, p.log); err != nil {
		return nil, err
	}
	// The brokers may go away again at any time, and are waited for as well then.
	var layout admin.Layout
	err := persist(ctx, p.log, func() (err error) {
		layout, err = p.checkTopics(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.layout = layout
	if p.refuse != nil {
		if err := p.refuse(layout.ClusterID); err != nil {
			return nil, err
		}
	}
	set, err := schemas.Load(ctx, p.registry, p.topics)
	if err != nil && ctx.Err() == nil {
		return nil, usageError{err} // it is there and refuses: a wrong address or password, or schemas not registered
	}
	if err != nil {
		return nil, fmt.Errorf("load schemas: %w", err)
	}
	p.fetcher = consumer.NewFetcher(p.client, consumer.FetcherConfig{
		MaxPartitionBytes: fetchBytes, BufferBytes: fetchBytes, MaxBytes: 16 * fetchBytes, Clock: clock, Logger: p.log.Logger,
	})
	letters := handlers.DeadLetters{
		Topics: p.topics, Partitions: layout.Partitions[p.topics.DeadLetters()], MostBytes: layout.DeadLetterBytes,
	}
	var stages []*stream.Stage
	if p.settings.has("intake") {
		stages = append(stages, p.intake(set, letters, sm, hm))
	}
	if p.settings.has("dispatch") {
		p.control = control.NewFollower(p.client, p.fetcher, control.Config{
			Topic: p.topics.Control(), Codec: set.Control, Metrics: cm, Log: p.log.Logger,
		})
		stage, err := p.dispatch(ctx, set, letters, sm, hm)
		if err != nil {
			return nil, err
		}
		p.steered = stage
		stages = append(stages, stage)
	}
	if p.settings.has("gateway") {
		if p.gateway, err = p.openGateway(set); err != nil {
			return nil, err
		}
	}
	return stages, nil
}

// checkTopics refuses to run on topics that would lose or misplace records.
func (p *processor) checkTopics(ctx context.Context) (admin.Layout, error) {
	plan := admin.Plan{Topics: p.topics}
	layout, err := plan.Describe(ctx, p.client)
	if err != nil {
		return layout, fmt.Errorf("check topics: %w", err)
	}
	for _, d := range plan.Check(layout) {
		if d.Vital {
			return layout, usageError{errors.New(d.String())}
		}
		p.log.Warn("topic is not as planned", "difference", d.String())
	}
	return layout, nil
}

func (p *processor) intake(set *schemas.Set, letters handlers.DeadLetters, sm *stream.Metrics, hm *handlers.Metrics,
) *stream.Stage {
	rules, err := provisioning.NewRules(p.settings.PINPattern, p.settings.Horizon)
	if err != nil {
		panic(err) // validated
	}
	config := handlers.IntakeConfig{
		Topics: p.topics, Partitions: p.layout.Partitions[p.topics.Requests()], Schemas: set,
		Foreign: set.Foreign(p.registry), Rules: rules, DeadLetters: letters, Metrics: hm,
	}
	outputs := p.outputs().OfIntake()
	// Results are read whatever --headend-results says: what was sent while it said on is still answered.
	return p.stage("intake", []string{p.topics.Commands(), p.topics.SmartcardResults()}, nil, sm,
		func(record.TopicPartition) []record.TopicPartition { return outputs },
		func(context.Context, record.TopicPartition) (stream.Handler, error) {
			return handlers.NewIntake(config), nil
		})
}

func (p *processor) dispatch(ctx context.Context, set *schemas.Set, letters handlers.DeadLetters, sm *stream.Metrics,
	hm *handlers.Metrics) (*stream.Stage, error) {
	digester, err := p.digester()
	if err != nil {
		return nil, err
	}
	var identity handlers.Identity
	err = persist(ctx, p.log, func() (err error) {
		identity, err = p.stateIdentity(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.openStore(set); err != nil {
		return nil, err
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
		Topics: p.topics, Schemas: set, Digester: digester, DeadLetters: letters, Metrics: hm, Identity: identity,
		Clock: clock, Control: p.control, Log: p.log.Logger,
		Partitions: p.layout.Partitions[p.topics.Requests()], Policy: p.settings.policy(),
	}
	return p.stage("dispatch", []string{p.topics.Requests()}, owned, sm,
		func(tp record.TopicPartition) []record.TopicPartition { return p.outputs().OfDispatch(tp.Partition) },
		func(_ context.Context, tp record.TopicPartition) (stream.Handler, error) {
			leased, err := p.store.Lease(tp.Partition)
			if err != nil {
				return nil, err
			}
			return handlers.NewDispatch(config, tp.Partition, leased), nil
		}), nil
}

func (p *processor) outputs() handlers.Outputs {
	return handlers.Outputs{Topics: p.topics, Partitions: p.layout.Partitions}
}

// digester makes the digests that tell repeated commands with another PIN.
func (p *processor) digester() (provisioning.Digester, error) {
	key, err := secret("CARDSTREAM_DIGEST_KEY", p.settings.DigestKeyFile)
	if err != nil {
		return provisioning.Digester{}, usageError{err}
	}
	if key = cmp.Or(key, p.settings.digestKey); key == "" {
		p.log.Warn("no digest key: a repeated command with another PIN is not told once the first one's request has ended")
		return provisioning.Digester{}, nil
	}
	return provisioning.NewDigester([]byte(key)), nil
}

// stateIdentity says which changelog the local store is a copy of.
func (p *processor) stateIdentity(ctx context.Context) (handlers.Identity, error) {
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

// openStore opens the local store; one that does not open is moved aside, and its partitions are restored.
func (p *processor) openStore(set *schemas.Set) error {
	opened, replaced, err := store.OpenOrReplace(p.settings.Store, store.Options{
		CacheBytes: p.settings.StoreCache << 20,
		Logger:     p.log.Logger,
		Decode:     func(value []byte) (provisioning.Request, error) { return set.State.Decode(context.Background(), value) },
	})
	if err != nil {
		err = fmt.Errorf("open store %s: %w", p.settings.Store, err)
		if errors.Is(err, store.ErrLocked) {
			return usageError{err}
		}
		return err
	}
	if replaced != nil {
		p.log.Error("the local store did not open and was moved aside: its partitions are restored",
			"aside", replaced.MovedTo, "error", replaced.Cause)
	}
	p.store = opened
	return nil
}

// stage makes one stage of this process. owned are the partitions whose state is on this disk: they should come here.
func (p *processor) stage(name string, topics []string, owned []record.TopicPartition, sm *stream.Metrics,
	outputs func(record.TopicPartition) []record.TopicPartition, handlers stream.NewHandler) *stream.Stage {
	c := stream.DefaultConfig()
	c.Stage, c.Group = name, p.settings.App+"-"+name
	c.Metrics, c.Log, c.Outputs = sm, p.log.Logger, outputs
	c.OnMissingOffset = stream.MissingOffset(p.settings.OnMissingOffset)
	c.Clock, c.ClockBound, c.Linger, c.StepRecords = clock, p.settings.ClockBound, p.settings.Linger, p.settings.StepRecords
	c.Counts = make(map[string]int32)
	for _, topic := range topics {
		c.Counts[topic] = p.layout.Partitions[topic]
	}
	return stream.NewStage(c, p.client, p.fetcher,
		consumer.GroupConfig{
			Topics: topics, Owned: owned, SessionTimeout: p.settings.SessionTimeout, Logger: p.log.Logger,
		},
		producer.Config{
			Codec:           codec(p.settings.Compression),
			TopicBatchBytes: map[string]int{p.topics.DeadLetters(): p.layout.DeadLetterBytes},
		}, handlers)
}

// codec returns the codec of a compression's name.
func codec(name string) recordbatch.Codec {
	switch name {
	case "lz4":
		return recordbatch.LZ4
	case "zstd":
		return recordbatch.Zstd
	}
	return recordbatch.None
}

// readiness is true when every stage has partitions, and each of them is restored and stepping.
func (p *processor) readiness() (bool, any) {
	list := []any{}
	select {
	case <-p.ready:
	default:
		return false, list
	}
	ready := true
	for _, stage := range p.stages {
		tasks := stage.Status()
		ready = ready && len(tasks) > 0 &&
			!slices.ContainsFunc(tasks, func(s stream.Status) bool { return s.State != stream.Stepping })
		for _, task := range tasks {
			list = append(list, task)
		}
	}
	if p.gateway != nil {
		ready = ready && p.gateway.Ready()
		for _, status := range p.gateway.Status() {
			list = append(list, status)
		}
	}
	return ready, list
}
