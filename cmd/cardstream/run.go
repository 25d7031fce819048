package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"

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
	if os.Getenv("GOGC") == "" {
		// Most of the memory is a step's records, which die with it: to collect twice as often costs little CPU, and keeps
		// the process in some hundred megabytes under full load.
		debug.SetGCPercent(50)
	}
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
