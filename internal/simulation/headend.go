package simulation

import (
	"context"
	"fmt"
	"sync"

	"cardstream/consumer"
	"cardstream/headendsim"
	"cardstream/internal/cluster"
	"cardstream/schemas"
)

// headend is the simulated headend, of which one at a time works; each has a host of its own.
type headend struct {
	world *world
	lives int
	host  string
	end   func() // nil where there is none
}

// start lets a headend with these settings take the place of the one before.
func (h *headend) start(settings headendsim.Settings) {
	h.stop()
	h.lives++
	h.host = fmt.Sprintf("headend.%d", h.lives)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { h.run(ctx, settings, h.world.client(h.host, h.world.brokers...)) })
	h.end = func() { cancel(); done.Wait() }
}

// stop ends it, if there is one.
func (h *headend) stop() {
	if h.end != nil {
		h.world.network.Stall(h.host, false)
		h.end()
		h.end = nil
	}
}

func (h *headend) run(ctx context.Context, settings headendsim.Settings, client *cluster.Client) {
	defer client.Close()
	log := h.world.journal.logger(h.host)
	registry := h.world.registryClient(h.host, log)
	defer registry.Close()
	var topics schemas.Topics
	set, err := schemas.Load(ctx, registry, topics)
	if err != nil {
		return // only ctx ends that wait
	}
	fetcher := consumer.NewFetcher(client, consumer.FetcherConfig{Logger: log})
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var serving sync.WaitGroup
	serving.Go(func() { _ = fetcher.Run(background) }) // errs only when called twice
	simulator := headendsim.New(headendsim.Config{
		Settings: settings, Client: client, Fetcher: fetcher, Schemas: set, Log: log, Group: application + "-headend-sim",
		Commands: topics.SmartcardCommands(), Results: topics.SmartcardResults(), ResultPartitions: h.world.plan.Partitions,
	})
	if err := simulator.Run(ctx); err != nil {
		log.Error("simulated headend failed", "error", err)
	}
	stop()
	serving.Wait()
}
