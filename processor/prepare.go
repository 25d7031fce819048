package processor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/gateway"
	"cardstream/handlers"
	"cardstream/schemas"
)

// fetchBytes is what is fetched of a partition at a time, and what may wait of it: some thousand commands. More makes
// nothing faster, and every partition of the process holds that much under load.
const fetchBytes = 384 << 10

// prepare brings up everything that the stages need, and makes them.
func (p *Processor) prepare(ctx context.Context) error {
	if err := p.look(ctx); err != nil {
		return err
	}
	p.fetcher = consumer.NewFetcher(p.config.Client, consumer.FetcherConfig{
		MaxPartitionBytes: fetchBytes, BufferBytes: fetchBytes, MaxBytes: 16 * fetchBytes,
		Clock: p.config.FastClock, Logger: p.config.Log,
	})
	if !p.config.Digester.Keyed() && (p.config.has(Dispatch) || p.config.has(Gateway)) {
		p.config.Log.Warn("no digest key: a repeated command with another PIN is not told once the first one's request has ended")
	}
	if p.config.has(Intake) {
		p.stages = append(p.stages, p.intake())
	}
	if p.config.has(Dispatch) {
		stage, err := p.dispatch(ctx)
		if err != nil {
			return err
		}
		p.steered, p.stages = stage, append(p.stages, stage)
	}
	if !p.config.has(Gateway) {
		return nil
	}
	var err error
	p.gateway, err = p.web()
	return err
}

// look reads what the cluster and the registry have. They are waited for, and may go away again at any time.
func (p *Processor) look(ctx context.Context) (err error) {
	if err := AwaitBrokers(ctx, p.config.Client, p.config.Log); err != nil {
		return err
	}
	err = persist(ctx, p.config.Log, func() error {
		p.layout, err = p.checkTopics(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if p.config.Refuse != nil {
		if err := p.config.Refuse(p.layout.ClusterID); err != nil {
			return Refusal{err}
		}
	}
	p.schemas, err = schemas.Load(ctx, p.config.Registry, p.config.Topics)
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil:
		return Refusal{err} // it is there and refuses: a wrong address or password, or schemas not registered
	}
	return fmt.Errorf("load schemas: %w", err)
}

// checkTopics refuses to run on topics that would lose or misplace records.
func (p *Processor) checkTopics(ctx context.Context) (admin.Layout, error) {
	plan := admin.Plan{Topics: p.config.Topics}
	layout, err := plan.Describe(ctx, p.config.Client)
	if err != nil {
		return layout, fmt.Errorf("check topics: %w", err)
	}
	for _, d := range plan.Check(layout) {
		if d.Vital {
			return layout, Refusal{errors.New(d.String())}
		}
		p.config.Log.Warn("topic is not as planned", "difference", d.String())
	}
	return layout, nil
}

// stateIdentity says which changelog a local copy of provisioning.state is one of.
func (p *Processor) stateIdentity(ctx context.Context) (handlers.Identity, error) {
	topic := p.config.Topics.State()
	id, err := p.config.Client.TopicID(ctx, topic)
	if err != nil {
		return handlers.Identity{}, fmt.Errorf("identify %s: %w", topic, err)
	}
	keeps, err := strconv.ParseInt(p.layout.Settings[topic]["delete.retention.ms"], 10, 64)
	if err != nil {
		return handlers.Identity{}, fmt.Errorf("delete.retention.ms of %s: %w", topic, err)
	}
	return handlers.Identity{
		ClusterID: p.layout.ClusterID, TopicID: id, MaxAge: time.Duration(keeps/2) * time.Millisecond,
	}, nil
}

// web makes the stage gateway.
func (p *Processor) web() (*gateway.Gateway, error) {
	topics := p.config.Topics
	g, err := gateway.Listen(p.config.Web, gateway.Kafka{
		Client: p.config.Client, Schemas: p.schemas, Topics: topics,
		CommandPartitions: p.layout.Partitions[topics.Commands()], Partitions: p.layout.Partitions[topics.State()],
		Identity: func(ctx context.Context) (gateway.Identity, error) {
			identity, err := p.stateIdentity(ctx)
			return gateway.Identity(identity), err
		},
		Rules: p.config.Rules, Digester: p.config.Digester, Log: p.config.Log, Metrics: p.metrics.gateway,
	})
	if err != nil {
		return nil, err
	}
	p.config.Log.Info("the web API is served", "at", g.Addr())
	return g, nil
}
