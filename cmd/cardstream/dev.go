package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/examples"
	"cardstream/internal/devkafka"
	"cardstream/internal/devtoken"
	"cardstream/processor"
	"cardstream/schemas"
)

// devCommand is `cardstream dev`: everything in one process, for trying it out.
type devCommand struct {
	logging
	simulatedHeadend
	KafkaAddr    string `default:"127.0.0.1:9092" placeholder:"HOST:PORT" help:"Where the embedded broker listens; port 0 picks one (${default})."`
	RegistryAddr string `default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Where the embedded schema registry listens (${default})."`
	WebAddr      string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the web API is served (${default}); not with --once."`
	MetricsAddr  string `default:"127.0.0.1:8082" placeholder:"HOST:PORT" help:"Where /metrics, /healthz and /readyz are served (${default})."`
	Profile      bool   `help:"Serve /debug/pprof at the address of metrics as well."`
	Addresses    string `placeholder:"FILE" help:"Write the addresses there, and a token for the web API, as JSON."`
	Data         string `placeholder:"DIR" help:"Keep the broker's data and the local store there."`

	Partitions int32         `default:"12" help:"Partitions of each topic (${default})."`
	PINPattern string        `name:"pin-pattern" default:"[0-9]{4}" placeholder:"RE2" help:"What the whole of a new PIN must match (${default})."`
	Horizon    time.Duration `default:"17520h" help:"How far ahead a scheduled date may be (${default})."`
	Retention  time.Duration `default:"168h" help:"How long an ended request is remembered (${default})."`

	headendSettings

	Once    string        `placeholder:"FILE" help:"Feed the commands in FILE (- is stdin), print their events, and end when each has come to its end."`
	Timeout time.Duration `default:"1m" help:"With --once: how long that may take (${default})."`
}

// addresses is where things listen, as --addresses writes it.
type addresses struct {
	Kafka    string `json:"kafka"`
	Registry string `json:"registry"`
	Web      string `json:"web"`
	Metrics  string `json:"metrics"`
	Token    string `json:"token"` // for the web API
}

// Run runs everything until ctx ends or, with --once, every command has ended.
func (c *devCommand) Run(ctx context.Context, std streams) (err error) {
	if c.Once != "" && c.LogLevel == 0 {
		c.LogLevel = 4 // warnings: stdout has the events, and stderr what is wrong with the file
	}
	if err := c.settings().Validate(); err != nil {
		return usageError{err}
	}
	log := c.logger(std.err)
	folder, cleanUp, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	embedded, err := c.startCluster(ctx, folder, log)
	if err != nil {
		return usageError{err}
	}
	defer func() { err = errors.Join(err, embedded.Close()) }()
	connected := connection{Brokers: embedded.Addrs(), Registry: []string{embedded.RegistryURL()}, SASLMechanism: "none"}
	if err := c.createTopics(ctx, connected, log); err != nil {
		return err
	}
	key, err := digestKey(folder)
	if err != nil {
		return err
	}
	settings := c.processorSettings(folder, key)
	token := ""
	if c.Once == "" {
		if token, err = serveWeb(&settings, c.WebAddr, folder); err != nil {
			return err
		}
	}
	p, err := newProcessor(settings, connected, log, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return c.runParts(ctx, p, connected, token, log, std)
}

// folder returns where data is kept: --data, or a temporary folder that goes with the process.
func (c *devCommand) folder() (string, func() error, error) {
	if c.Data != "" {
		return c.Data, func() error { return nil }, nil
	}
	folder, err := os.MkdirTemp("", "cardstream-dev-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return folder, func() error { return os.RemoveAll(folder) }, nil
}

func (c *devCommand) startCluster(ctx context.Context, folder string, log logger) (*devkafka.Cluster, error) {
	config := devkafka.Config{KafkaAddr: c.KafkaAddr, RegistryAddr: c.RegistryAddr, Logger: log.Logger}
	if c.Data != "" {
		config.DataDir = filepath.Join(folder, "kafka")
	}
	return devkafka.Start(ctx, config)
}

// createTopics does what `cardstream topics` does on a cluster.
func (c *devCommand) createTopics(ctx context.Context, connected connection, log logger) error {
	client, registry, err := connected.open(log)
	if err != nil {
		return err
	}
	defer client.Close()
	defer registry.Close()
	plan := admin.Plan{Topics: connected.topics(), Partitions: c.Partitions, ReplicationFactor: 1, MinInSyncReplicas: 1}
	if _, err := plan.Create(ctx, client); err != nil {
		return err
	}
	_, err = schemas.Register(ctx, registry, plan.Topics)
	return err
}

// processorSettings are the defaults of run, but for what dev has flags for.
func (c *devCommand) processorSettings(folder, digestKey string) processorSettings {
	s := defaultProcessorSettings()
	s.Store = filepath.Join(folder, "store")
	s.MetricsAddr, s.Profile = c.MetricsAddr, c.Profile
	s.PINPattern, s.Horizon, s.Retention = c.PINPattern, c.Horizon, c.Retention
	s.headendSettings = c.headendSettings
	s.digestKey = digestKey
	return s
}

// tokenLife is how long dev's token is good.
const tokenLife = 30 * 24 * time.Hour

// serveWeb adds the stage gateway, with an issuer of its own, and returns a token of that.
func serveWeb(s *processorSettings, addr, folder string) (token string, err error) {
	issuer, err := devtoken.New()
	if err != nil {
		return "", err
	}
	keys, err := issuer.Keys()
	if err != nil {
		return "", err
	}
	s.Stages = append(s.Stages, processor.Gateway)
	s.WebAddr, s.WebStore = addr, filepath.Join(folder, "web")
	s.JWKS, s.JWTIssuer, s.JWTAudience = filepath.Join(folder, "jwks.json"), devtoken.Name, devtoken.Audience
	if err := os.WriteFile(s.JWKS, keys, 0o600); err != nil {
		return "", fmt.Errorf("write the keys for tokens: %w", err)
	}
	return issuer.Token("dev", tokenLife)
}

// digestKey returns the key that lies in the folder, made at its first use: a command repeated in a later life of the
// folder is to be recognised as the same.
func digestKey(folder string) (string, error) {
	name := filepath.Join(folder, "digest-key")
	key, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		key = []byte(randomID())
		err = errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(name, key, 0o600))
	}
	if err != nil {
		return "", fmt.Errorf("digest key: %w", err)
	}
	return string(key), nil
}

// runParts runs processor, simulated headend and commands side by side; the first that fails ends all.
func (c *devCommand) runParts(ctx context.Context, p *served, connected connection, token string, log logger,
	std streams) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return p.Run(ctx) })
	parts.Go(func() error {
		select {
		case <-p.Prepared():
		case <-ctx.Done():
			return nil
		}
		s, err := openSession(ctx, connected, log)
		if err != nil {
			return err
		}
		simulator, err := c.simulator(s, "cardstream", log)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		headend, sim := context.WithCancel(ctx)
		defer sim()
		parts, ctx := errgroup.WithContext(ctx)
		parts.Go(func() error { return simulator.Run(headend) })
		parts.Go(func() error {
			defer sim()
			if c.Once != "" {
				defer stop()
				return c.once(ctx, s, std)
			}
			return c.stay(ctx, s, p, connected, token, std)
		})
		return errors.Join(parts.Wait(), s.Close())
	})
	return parts.Wait()
}

// once feeds the file and waits for the end of each of its commands.
func (c *devCommand) once(ctx context.Context, s *session, std streams) error {
	input, err := openInput(c.Once, std.in)
	if err != nil {
		return err
	}
	defer input.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	feed, err := s.feed(ctx)
	if err != nil {
		return err
	}
	feed.Wait = true
	return runFeed(ctx, feed, input, std)
}

// stay says where everything listens, feeds the sample commands, and waits for the end.
func (c *devCommand) stay(ctx context.Context, s *session, p *served, connected connection, token string,
	std streams) error {
	if err := p.Gateway().AwaitReady(ctx); err != nil {
		return nil // asked to end before that
	}
	where := addresses{
		Kafka: connected.Brokers[0], Registry: connected.Registry[0], Web: p.Gateway().Addr(),
		Metrics: "http://" + p.metrics.Addr() + "/metrics", Token: token,
	}
	fmt.Fprintf(std.out, "broker    %s\nregistry  %s\nweb       %s\nmetrics   %s\ntoken     %s\n",
		where.Kafka, where.Registry, where.Web, where.Metrics, where.Token)
	if c.Addresses != "" {
		text, err := json.Marshal(where)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Addresses, append(text, '\n'), 0o600); err != nil {
			return fmt.Errorf("write addresses: %w", err)
		}
	}
	feed, err := s.feed(ctx)
	if err != nil {
		return err
	}
	feed.Wait = true
	feed.BadLine = func(int, error) {}
	if _, err := feed.Run(ctx, admin.CommandFile{Reader: bytes.NewReader(examples.Commands()), Now: now}); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("sample commands: %w", err)
	}
	sent, ended := feed.Ends.Progress()
	fmt.Fprintf(std.out, "%d sample commands sent, %d have come to their end; Ctrl-C ends this process\n", sent, ended)
	<-ctx.Done()
	return nil
}
