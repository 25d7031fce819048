package main

import (
	"context"
	"errors"
	"time"

	"cardstream/headendsim"
	"cardstream/processor"
)

// headendSimCommand is `cardstream headend-sim`: a simulated headend adapter.
type headendSimCommand struct {
	connection
	logging
	simulatedHeadend
	App string `default:"cardstream" placeholder:"NAME" help:"Prefix of the consumer group: NAME-headend-sim (${default})."`
}

// simulatedHeadend is how the simulated headend behaves, for `headend-sim` and `dev` alike. Cards whose names begin with
// SIM- say it themselves: docs/settings.md.
type simulatedHeadend struct {
	Reject     headendsim.Share `default:"0%" placeholder:"PERCENT" group:"headend" help:"Of all attempts, so many are REJECTED for good (${default})."`
	Retryable  headendsim.Share `default:"0%" placeholder:"PERCENT" group:"headend" help:"So many are REJECTED, to be tried again (${default})."`
	RetryAfter time.Duration    `default:"0s" group:"headend" help:"The pause that a retryable answer asks for (${default}, none)."`
	Silent     headendsim.Share `default:"0%" placeholder:"PERCENT" group:"headend" help:"So many are not done and get no answer (${default})."`
	Late       headendsim.Share `default:"0%" placeholder:"PERCENT" group:"headend" help:"So many are done and ACCEPTED only after respond_by (${default})."`
	Twice      headendsim.Share `default:"0%" placeholder:"PERCENT" group:"headend" help:"So many are done and ACCEPTED twice (${default})."`
	Delay      time.Duration    `default:"0s" group:"headend" help:"How long the headend takes to answer (${default})."`
	Rate       float64          `default:"0" placeholder:"N" group:"headend" help:"Smartcard commands that it can do a second; what waits beyond its respond_by is not done (${default}, no bound)."`
	DownAfter  time.Duration    `default:"0s" group:"headend" help:"With --down-for: so long after the start the headend goes down (${default})."`
	DownFor    time.Duration    `default:"0s" group:"headend" help:"For so long the headend reads nothing and answers nothing, then goes on (${default}, never)."`
	Seed       uint64           `default:"1" placeholder:"N" group:"headend" help:"Of the answers: the same seed, request number and attempt get the same one (${default})."`
}

func (s simulatedHeadend) settings() headendsim.Settings {
	return headendsim.Settings{
		Seed: s.Seed, Reject: s.Reject, Retryable: s.Retryable, Silent: s.Silent, Late: s.Late, Twice: s.Twice,
		RetryAfter: s.RetryAfter, Delay: s.Delay, Rate: s.Rate, DownAfter: s.DownAfter, DownFor: s.DownFor,
	}
}

// Run answers until ctx ends. Each command and each answer is logged at level debug, without its PIN.
func (c *headendSimCommand) Run(ctx context.Context, std streams) error {
	if err := c.settings().Validate(); err != nil {
		return usageError{err}
	}
	log := c.logger(std.err)
	if err := awaitCluster(ctx, c.connection, log); err != nil {
		return err
	}
	s, err := openSession(ctx, c.connection, log)
	if err != nil {
		return err
	}
	simulator, err := c.simulator(s, c.App, log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	log.Info("answering smartcard commands", "topic", s.topics.SmartcardCommands())
	return errors.Join(simulator.Run(ctx), s.Close())
}

// simulator makes the simulated headend of an application.
func (s simulatedHeadend) simulator(on *session, app string, log logger) (*headendsim.Simulator, error) {
	partitions, there := on.layout.Partitions[on.topics.SmartcardResults()]
	if !there {
		return nil, errors.New("topic " + on.topics.SmartcardResults() + " is missing: create it with cardstream topics")
	}
	return headendsim.New(headendsim.Config{
		Settings: s.settings(), Client: on.client, Fetcher: on.fetcher, Schemas: on.schemas, Log: log.Logger,
		Group: app + "-headend-sim", Commands: on.topics.SmartcardCommands(), Results: on.topics.SmartcardResults(),
		ResultPartitions: partitions,
	}), nil
}

// awaitCluster waits for the brokers, however long.
func awaitCluster(ctx context.Context, c connection, log logger) error {
	client, registry, err := c.open(log)
	if err != nil {
		return err
	}
	defer client.Close()
	defer registry.Close()
	return usage(processor.AwaitBrokers(ctx, client, log.Logger))
}
