package main

import (
	"context"
	"errors"

	"cardstream/consumer"
	"cardstream/headendsim"
	"cardstream/internal/telemetry"
	"cardstream/producer"
	"cardstream/record"
	"cardstream/stream"
)

// headendSimCommand is `cardstream headend-sim`: a simulated headend adapter. It only reads, as no results are read yet.
type headendSimCommand struct {
	connection
	logging
	App string `default:"cardstream" placeholder:"NAME" help:"Prefix of the consumer group: NAME-headend-sim (${default})."`
}

// Run reads until ctx ends. It logs each command at level debug, without its PIN.
func (c *headendSimCommand) Run(ctx context.Context, std streams) error {
	log := c.logger(std.err)
	if err := awaitCluster(ctx, c.connection, log); err != nil {
		return err
	}
	s, err := openSession(ctx, c.connection, log)
	if err != nil {
		return err
	}
	log.Info("reading smartcard commands", "topic", s.topics.SmartcardCommands())
	return errors.Join(headendStage(s, c.App, log).Run(ctx), s.Close())
}

// headendStage makes the stage that reads smartcard commands. Its metrics are nobody's business.
func headendStage(s *session, app string, log logger) *stream.Stage {
	c := stream.DefaultConfig()
	c.Stage, c.Group = "headend-sim", app+"-headend-sim"
	c.Metrics, c.Log = stream.NewMetrics(telemetry.NewRegistry()), log.Logger
	config := headendsim.Config{Schemas: s.schemas, Log: log.Logger}
	return stream.NewStage(c, s.client, s.fetcher,
		consumer.GroupConfig{Topics: []string{s.topics.SmartcardCommands()}, Logger: log.Logger}, producer.Config{},
		func(context.Context, record.TopicPartition) (stream.Handler, error) {
			return headendsim.New(config), nil
		})
}

// awaitCluster waits for the brokers, however long.
func awaitCluster(ctx context.Context, c connection, log logger) error {
	client, registry, err := c.open(log)
	if err != nil {
		return err
	}
	defer client.Close()
	defer registry.Close()
	return waitForBrokers(ctx, client, log)
}
