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
	c.spareMemory()
	p, err := newProcessor(c.processorSettings, c.connection, log, refuseEmbedded)
	if err != nil {
		return err
	}
	return errors.Join(p.Run(ctx), p.Close())
}

func refuseEmbedded(clusterID string) error {
	if devkafka.IsEmbedded(clusterID) {
		return errors.New("the brokers are the embedded ones of cardstream dev: for trying it out only")
	}
	return nil
}

// spareMemory keeps the process in some hundred megabytes under full load, where the environment does not say otherwise.
// Most of its memory is a step's records, which die with it: to collect them sooner costs little.
func (c *runCommand) spareMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		const besideCache = 256 << 20
		debug.SetMemoryLimit(c.StoreCache<<20 + besideCache)
	}
}
