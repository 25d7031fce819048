package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"cardstream/gateway"
	"cardstream/internal/recordbatch"
	"cardstream/internal/telemetry"
	"cardstream/processor"
	"cardstream/provisioning"
	"cardstream/stream"
)

// served is a processor with the listener at which it shows itself. Make it with newProcessor, Run it once, Close it.
type served struct {
	*processor.Processor
	settings processorSettings
	registry *prometheus.Registry
	metrics  *telemetry.Server // once Prepared is closed
	log      logger
}

// newProcessor checks the settings, and reads the files that they name. It asks nobody yet.
func newProcessor(s processorSettings, c connection, log logger, refuse func(clusterID string) error) (*served, error) {
	config, wrong := s.config()
	client, registry, err := c.open(log)
	if err := errors.Join(wrong, err); err != nil {
		if client != nil {
			client.Close()
			registry.Close()
		}
		return nil, usageError{err}
	}
	config.Client, config.Registry, config.Topics, config.Refuse = client, registry, c.topics(), refuse
	metrics := telemetry.NewRegistry()
	config.Metrics, config.Log = metrics, log.Logger
	return &served{Processor: processor.New(config), settings: s, registry: metrics, log: log}, nil
}

// Run works until ctx ends, and drains. The listener serves the processor to its very end.
func (p *served) Run(ctx context.Context) error {
	metrics, err := telemetry.Listen(telemetry.Config{
		Addr: p.settings.MetricsAddr, Metrics: p.registry, Ready: p.Readiness, Profile: p.settings.Profile, Log: p.log.Logger,
	})
	if err != nil {
		return usageError{err}
	}
	p.metrics = metrics
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving, background := errgroup.WithContext(background)
	serving.Go(func() error { return metrics.Serve(background) })
	wanted, end := context.WithCancel(ctx)
	defer end()
	context.AfterFunc(background, end) // a process that cannot be looked at is not to go on unseen
	err = p.Processor.Run(wanted)
	stop()
	return errors.Join(serving.Wait(), usage(err))
}

// usage makes a refusal what it is on a command line: a setting that cannot be right.
func usage(err error) error {
	if refusal, ok := errors.AsType[processor.Refusal](err); ok {
		return usageError{refusal}
	}
	return err
}

// config is what the settings ask of a processor, but for the cluster and the registry. It reports all that is wrong.
func (s processorSettings) config() (processor.Config, error) {
	if err := s.validate(); err != nil {
		return processor.Config{}, err
	}
	rules, err := provisioning.NewRules(s.PINPattern, s.Horizon)
	if err != nil {
		return processor.Config{}, err
	}
	digester, err := s.digester()
	if err != nil {
		return processor.Config{}, err
	}
	var web gateway.Web
	if s.has(processor.Gateway) {
		if web, err = s.web(); err != nil {
			return processor.Config{}, err
		}
	}
	return processor.Config{
		Stages: s.Stages, App: s.App, Rules: rules, Policy: s.policy(), Digester: digester,
		ClockBound: s.ClockBound, Linger: s.Linger, StepRecords: s.StepRecords,
		OnMissingOffset: stream.MissingOffset(s.OnMissingOffset), Codec: codec(s.Compression),
		SessionTimeout: s.SessionTimeout,
		Store:          processor.Store{Dir: s.Store, CacheBytes: s.StoreCache << 20},
		Web:            web, Clock: clock,
	}, nil
}

// digester makes the digests that tell repeated commands with another PIN: none without a key.
func (s processorSettings) digester() (provisioning.Digester, error) {
	key, err := secret("CARDSTREAM_DIGEST_KEY", s.DigestKeyFile)
	if err != nil {
		return provisioning.Digester{}, err
	}
	return provisioning.NewDigester([]byte(cmp.Or(key, s.digestKey))), nil
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

func (s processorSettings) has(stage string) bool { return slices.Contains(s.Stages, stage) }
