package processor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/control"
	"cardstream/gateway"
	"cardstream/handlers"
	"cardstream/schemas"
	"cardstream/store"
	"cardstream/stream"
)

// Processor is the stages of one process. Make it with New, Run it once, Close it.
type Processor struct {
	config  Config
	metrics metrics

	layout  admin.Layout
	schemas *schemas.Set
	fetcher *consumer.Fetcher
	stages  []*stream.Stage
	gateway *gateway.Gateway // nil where that stage is not wanted
	ready   chan struct{}    // closed when all of the above are complete

	// With dispatch only: its stage, its local store, and what operators say about the run.
	steered *stream.Stage
	store   *store.Store
	control *control.Follower
}

// metrics are those of the rooms.
type metrics struct {
	stream   *stream.Metrics
	handlers *handlers.Metrics
	control  *control.Metrics
	gateway  *gateway.Metrics
}

// New asks nobody yet.
func New(c Config) *Processor {
	if c.FastClock == nil {
		c.FastClock = c.Clock
	}
	return &Processor{
		config: c, ready: make(chan struct{}),
		metrics: metrics{
			stream.NewMetrics(c.Metrics), handlers.NewMetrics(c.Metrics), control.NewMetrics(c.Metrics),
			gateway.NewMetrics(c.Metrics),
		},
	}
}

// Close gives back what the processor holds. Call it when Run has returned.
func (p *Processor) Close() error {
	var err error
	if p.gateway != nil {
		err = p.gateway.Close()
	}
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	p.config.Client.Close()
	p.config.Registry.Close()
	return err
}

// Prepared is closed when the stages are made, which is after Run has found brokers and registry.
func (p *Processor) Prepared() <-chan struct{} { return p.ready }

// Gateway returns the stage gateway, nil where there is none. It may be called once Prepared is closed.
func (p *Processor) Gateway() *gateway.Gateway { return p.gateway }

// Run waits for brokers and registry, checks the topics, and works until ctx ends. Then it drains, and returns nil. What
// only who runs it can mend is a Refusal.
func (p *Processor) Run(ctx context.Context) error {
	// The fetcher serves the stages to their very end, so it outlives ctx.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving, background := errgroup.WithContext(background)

	wanted, end := context.WithCancel(ctx)
	defer end()
	context.AfterFunc(background, end) // what serves the stages has failed: they cannot go on
	working, wanted := errgroup.WithContext(wanted)
	working.Go(func() error {
		if err := p.prepare(wanted); err != nil {
			return err
		}
		serving.Go(func() error { return p.fetcher.Run(background) })
		close(p.ready)
		p.start(wanted, working)
		return nil
	})
	err := working.Wait()
	stop()
	if failed := serving.Wait(); failed != nil {
		return errors.Join(failed, err) // whatever else went wrong followed from it
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // asked to end while it still waited for somebody
	}
	return err
}

// start runs what prepare has made.
func (p *Processor) start(ctx context.Context, working *errgroup.Group) {
	for _, stage := range p.stages {
		working.Go(func() error { return p.runStage(ctx, stage) })
	}
	if p.gateway != nil {
		working.Go(func() error { return p.gateway.Run(ctx) })
	}
	if p.steered != nil {
		working.Go(func() error { return p.control.Run(ctx) })
		working.Go(func() error { return p.watchStore(ctx) })
	}
}

// runStage runs a stage. Dispatch takes no partition before it is known whether the run is paused.
func (p *Processor) runStage(ctx context.Context, stage *stream.Stage) error {
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
func (p *Processor) watchStore(ctx context.Context) error {
	select {
	case <-p.store.Failed():
		return fmt.Errorf("local store %s: %w", p.config.Store.Dir, p.store.Err())
	case <-ctx.Done():
		return nil
	}
}

// Readiness is true when every stage has partitions, and each of them is restored and stepping. The list tells of each,
// in a form for JSON. It may be called at any time.
func (p *Processor) Readiness() (bool, any) {
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
