package main

import (
	"context"
	"errors"

	"cardstream/internal/devkafka"
)

// runCommand is `cardstream run`: the processor on a Kafka cluster.
type runCommand struct {
	connection
	processorSettings
	logging
}

// Run works until ctx ends.
func (c *runCommand) Run(ctx context.Context, std streams) error {
	log := c.logger(std.err)
	p, err := newProcessor(c.processorSettings, c.connection, log)
	if err != nil {
		return err
	}
	p.refuse = func(clusterID string) error {
		if devkafka.IsEmbedded(clusterID) {
			return usageError{errors.New("the brokers are the embedded ones of cardstream dev: for trying it out only")}
		}
		return nil
	}
	return errors.Join(p.Run(ctx), p.Close())
}
