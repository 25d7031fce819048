package processor

import (
	"context"
	"errors"
	"fmt"

	"cardstream/consumer"
	"cardstream/control"
	"cardstream/handlers"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/store"
	"cardstream/stream"
)

// intake makes the stage that judges commands and routes results.
func (p *Processor) intake() *stream.Stage {
	topics := p.config.Topics
	config := handlers.IntakeConfig{
		Topics: topics, Partitions: p.layout.Partitions[topics.Requests()], Schemas: p.schemas,
		Foreign: p.schemas.Foreign(p.config.Registry), Rules: p.config.Rules, DeadLetters: p.letters(),
		Metrics: p.metrics.handlers,
	}
	outputs := p.outputs().OfIntake()
	// Results are read whether or not requests wait for them: what was sent while they did is still answered.
	return p.stage(Intake, []string{topics.Commands(), topics.SmartcardResults()}, nil,
		func(record.TopicPartition) []record.TopicPartition { return outputs },
		func(context.Context, record.TopicPartition) (stream.Handler, error) {
			return handlers.NewIntake(config), nil
		})
}

// dispatch makes the stage that schedules and sends, with its local store and with what operators say.
func (p *Processor) dispatch(ctx context.Context) (*stream.Stage, error) {
	topics := p.config.Topics
	p.control = control.NewFollower(p.config.Client, p.fetcher, control.Config{
		Topic: topics.Control(), Codec: p.schemas.Control, Metrics: p.metrics.control, Log: p.config.Log,
	})
	var identity handlers.Identity
	err := persist(ctx, p.config.Log, func() (err error) {
		identity, err = p.stateIdentity(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.openStore(); err != nil {
		return nil, err
	}
	owned, err := p.held()
	if err != nil {
		return nil, err
	}
	config := handlers.DispatchConfig{
		Topics: topics, Schemas: p.schemas, Digester: p.config.Digester, DeadLetters: p.letters(),
		Metrics: p.metrics.handlers, Identity: identity,
		Clock: p.config.Clock, Control: p.control, Log: p.config.Log,
		Partitions: p.layout.Partitions[topics.Requests()], Policy: p.config.Policy,
	}
	return p.stage(Dispatch, []string{topics.Requests()}, owned,
		func(tp record.TopicPartition) []record.TopicPartition { return p.outputs().OfDispatch(tp.Partition) },
		func(_ context.Context, tp record.TopicPartition) (stream.Handler, error) {
			leased, err := p.store.Lease(tp.Partition)
			if err != nil {
				return nil, err
			}
			return handlers.NewDispatch(config, tp.Partition, leased), nil
		}), nil
}

// openStore opens the local store; one that does not open is moved aside, and its partitions are restored.
func (p *Processor) openStore() error {
	opened, replaced, err := store.OpenOrReplace(p.config.Store.Dir, store.Options{
		CacheBytes: p.config.Store.CacheBytes, FlushInterval: p.config.Store.FlushInterval, FS: p.config.Store.FS,
		Logger: p.config.Log,
		Decode: func(value []byte) (provisioning.Request, error) {
			return p.schemas.State.Decode(context.Background(), value)
		},
	})
	if err != nil {
		err = fmt.Errorf("open store %s: %w", p.config.Store.Dir, err)
		if errors.Is(err, store.ErrLocked) {
			return Refusal{err}
		}
		return err
	}
	if replaced != nil {
		p.config.Log.Error("the local store did not open and was moved aside: its partitions are restored",
			"aside", replaced.MovedTo, "error", replaced.Cause)
	}
	p.store = opened
	return nil
}

// held are the partitions whose state is on this disk: they should come here.
func (p *Processor) held() ([]record.TopicPartition, error) {
	partitions, err := p.store.Held()
	if err != nil {
		return nil, err
	}
	var held []record.TopicPartition
	for _, partition := range partitions {
		held = append(held, record.TopicPartition{Topic: p.config.Topics.Requests(), Partition: partition})
	}
	return held, nil
}

func (p *Processor) letters() handlers.DeadLetters {
	topics := p.config.Topics
	return handlers.DeadLetters{
		Topics: topics, Partitions: p.layout.Partitions[topics.DeadLetters()], MostBytes: p.layout.DeadLetterBytes,
	}
}

func (p *Processor) outputs() handlers.Outputs {
	return handlers.Outputs{Topics: p.config.Topics, Partitions: p.layout.Partitions}
}

// stage makes one stage of this process.
func (p *Processor) stage(name string, topics []string, owned []record.TopicPartition,
	outputs func(record.TopicPartition) []record.TopicPartition, handlers stream.NewHandler) *stream.Stage {
	c := stream.DefaultConfig()
	c.Stage, c.Group = name, p.config.App+"-"+name
	c.Metrics, c.Log, c.Outputs = p.metrics.stream, p.config.Log, outputs
	c.OnMissingOffset = p.config.OnMissingOffset
	c.Clock, c.ClockBound = p.config.Clock, p.config.ClockBound
	c.Linger, c.StepRecords = p.config.Linger, p.config.StepRecords
	c.Counts = make(map[string]int32)
	for _, topic := range topics {
		c.Counts[topic] = p.layout.Partitions[topic]
	}
	return stream.NewStage(c, p.config.Client, p.fetcher,
		consumer.GroupConfig{
			Topics: topics, Owned: owned, SessionTimeout: p.config.SessionTimeout,
			RebalanceTimeout: p.config.RebalanceTimeout, Logger: p.config.Log,
		},
		producer.Config{
			Codec:           p.config.Codec,
			TopicBatchBytes: map[string]int{p.config.Topics.DeadLetters(): p.layout.DeadLetterBytes},
		}, handlers)
}
