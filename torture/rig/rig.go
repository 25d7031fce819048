// Package rig is what the torture chamber is made of: three brokers and a registry, proxies before them, processes of
// cardstream, a headend, small disks, a load, and the witness.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger/chaos"
	"cardstream/torture/faults"
)

// Config says what is tortured.
type Config struct {
	Root      string // of the repository: where scripts/kafka is
	Binary    string // of cardstream
	Work      string // folder for logs and stores; emptied
	Processes int
	Rate      float64 // commands a second
	Seed      uint64
	ClockJump bool // clocks will jump
	Log       func(format string, args ...any)
}

// Rig is all of it, running. Close ends all of it.
type Rig struct {
	Scene faults.Scene

	config     Config
	cluster    *cluster
	processors *processors
	replicas   *replicas
	load       *load
	found      bool           // something: Close keeps what brokers have stored
	closers    []func() error // in the order of their making
}

// Open builds it up, and returns when cardstream works and the load has begun. What ctx ends on the way is taken down.
func Open(ctx context.Context, config Config) (*Rig, error) {
	r := &Rig{config: config}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close takes everything down, whatever happens with some of it.
func (r *Rig) Close() error {
	var errs []error
	for _, c := range slices.Backward(r.closers) {
		errs = append(errs, c())
	}
	r.closers = nil
	return errors.Join(errs...)
}

func (r *Rig) later(c func() error) { r.closers = append(r.closers, c) }

// What the topics and the groups are called.
const (
	prefix = "torture."
	app    = "torture"
)

// headendTimeout is short, so that requests which the headend leaves unanswered come to their end soon.
const headendTimeout = 5 * time.Second

// clockBound is narrower than by default, as all clocks are one here: nothing scheduled may be sent by more than that too
// early.
const clockBound = time.Second

func (r *Rig) open(ctx context.Context) error {
	if err := errors.Join(os.RemoveAll(r.logs()), os.MkdirAll(r.logs(), 0o755)); err != nil {
		return err
	}
	slots := r.config.Processes + 1 // and the newcomer
	stores, err := newStores(filepath.Join(r.config.Work, "stores"), slots)
	if err != nil {
		return err
	}
	r.later(stores.close)
	if err := r.raiseCluster(ctx, slots); err != nil {
		return err
	}
	doors, err := openDoors(r.cluster, slots)
	if err != nil {
		return err
	}
	r.later(doors.close)
	if err := r.makeTopics(ctx); err != nil {
		return err
	}
	if stores.alien, err = r.alien(ctx); err != nil {
		return err
	}
	clocks := &clocks{folder: r.config.Work, settable: clockSettable(r.config.Binary)}
	for slot := range slots {
		if err := errors.Join(clocks.Wrong(slot, 0), stores.Remove(slot)); err != nil {
			return err
		}
	}
	if r.load, err = openLoad(ctx, r); err != nil {
		return err
	}
	r.later(r.load.close)
	if err := r.startProcesses(stores, doors, clocks); err != nil {
		return err
	}
	r.Scene.Replicas, r.Scene.Network, r.Scene.Stores, r.Scene.Clocks = r.replicas, doors, stores, clocks
	r.Scene.Brokers, r.Scene.Registry, r.Scene.Log = r.cluster, registryService{r.cluster}, r.config.Log
	began := time.Now()
	defer func() { r.config.Log("the load has run for %s", time.Since(began).Round(100*time.Millisecond)) }()
	return r.load.begin(ctx)
}

// Witnessed returns a context that ends with ctx, or as soon as the witness can no longer account for what is done: its
// cause says why, and there will be no verdict. stop lets go of it.
func (r *Rig) Witnessed(ctx context.Context) (witnessed context.Context, stop func()) {
	witnessed, end := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-r.load.witness.Lost():
			end(r.load.witness.Err())
		case <-witnessed.Done():
		}
	})
	return witnessed, func() { end(nil); watch.Wait() }
}

func (r *Rig) logs() string { return filepath.Join(r.config.Work, "logs") }

func (r *Rig) raiseCluster(ctx context.Context, doors int) error {
	c, err := newCluster(r.config.Root, filepath.Join(r.config.Work, "brokers"), doors, r.config.Log)
	if err != nil {
		return err
	}
	r.cluster = c
	r.later(func() error {
		var kept error
		if r.found || r.load != nil && r.load.witness.Err() != nil {
			kept = c.keepData(context.Background())
		}
		return errors.Join(kept, c.wipe(context.Background()))
	})
	r.config.Log("starting %d brokers and a registry", nodes)
	if err := c.up(ctx); err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.ClientID("cardstream-torture"), kgo.AlwaysRetryEOF())
	if err != nil {
		return err
	}
	r.later(func() error { client.Close(); return nil })
	r.replicas = &replicas{admin: kadm.NewClient(client), prefix: prefix}
	return nil
}

// direct is a command line of cardstream that reaches the brokers without a proxy.
func (r *Rig) direct(command string, flags ...string) []string {
	return append([]string{command, "--brokers", strings.Join(r.cluster.brokers, ","),
		"--registry", r.cluster.registry, "--prefix", prefix}, flags...)
}

func (r *Rig) makeTopics(ctx context.Context) error {
	return run(ctx, r.config.Work, r.config.Binary, r.direct("topics", "--timeout", "60s")...)
}

// alien makes another cluster's local store: that of the embedded broker, after the sample commands.
func (r *Rig) alien(ctx context.Context) (string, error) {
	folder := filepath.Join(r.config.Work, "alien")
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return "", err
	}
	r.config.Log("making another cluster's store")
	err := run(ctx, r.config.Root, r.config.Binary, "dev", "--once", "examples/commands.jsonl", "--data", folder,
		"--kafka-addr", "127.0.0.1:0", "--registry-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0")
	return filepath.Join(folder, "store"), err
}

// startProcesses starts the headend and the processors.
func (r *Rig) startProcesses(stores *stores, doors *doors, clocks *clocks) error {
	metrics := make([]string, r.config.Processes+1)
	for slot := range metrics {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		metrics[slot] = listener.Addr().String()
		if err := listener.Close(); err != nil {
			return err
		}
	}
	args := func(slot int) []string {
		return []string{"run", "--brokers", doors.brokers(slot), "--registry", r.cluster.registry, "--prefix", prefix,
			"--app", app, "--metrics-addr", metrics[slot], "--store", stores.of(slot), "--pin-pattern", pinPattern,
			"--clock-bound", clockBound.String(), "--headend-timeout", headendTimeout.String(),
			// No partition may hold: who holds sends probes that do not count, and then nobody outside could say how many
			// attempts there may be.
			"--headend-hold-after", "0"}
	}
	env := func(slot int) []string { return []string{"CARDSTREAM_TORTURE_CLOCK=" + clocks.file(slot)} }
	fleet, err := r.start("processors", r.config.Processes, args, env)
	if err != nil {
		return err
	}
	r.processors = supervise(fleet, r.config.Processes, r.config.Log)
	r.later(r.processors.close)
	sim, err := r.start("headend", 1, func(int) []string {
		return r.direct("headend-sim", "--app", app, "--reject", "5%", "--retryable", "5%", "--silent", "2%", "--late", "1%",
			"--twice", "1%", "--delay", "20ms", "--seed", fmt.Sprint(r.config.Seed))
	}, nil)
	if err != nil {
		return err
	}
	r.later(sim.Close)
	newcomer := r.config.Processes
	extra, err := r.fleetConfig("newcomers", 1, func(int) []string { return args(newcomer) },
		func(int) []string { return env(newcomer) })
	if err != nil {
		return err
	}
	crowd := newCrowd(extra)
	r.later(func() error { return crowd.Leave(context.Background(), false) })
	r.Scene.Processes, r.Scene.Headend, r.Scene.Newcomers = r.processors, headend{sim}, crowd
	return nil
}

func (r *Rig) start(name string, processes int, args, env func(slot int) []string) (*chaos.Fleet, error) {
	config, err := r.fleetConfig(name, processes, args, env)
	if err != nil {
		return nil, err
	}
	return chaos.Start(config)
}

func (r *Rig) fleetConfig(name string, processes int, args, env func(slot int) []string) (chaos.Config, error) {
	logs := filepath.Join(r.logs(), name)
	return chaos.Config{
		Binary: r.config.Binary, Args: args, EnvOf: env, Processes: processes, Logs: logs, Seed: r.config.Seed,
		Log: r.config.Log,
	}, os.MkdirAll(logs, 0o755)
}
