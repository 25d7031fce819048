package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"cardstream/bench/limit"
	"cardstream/bench/meter"
	"cardstream/bench/subject"
)

// deployment is an entrant with topics, groups and a local store of its own.
type deployment struct {
	entrant
	bench  *bench
	base   string // what the names of its groups, and of Kafka Streams' own topics, begin with
	prefix string // of its topics
	store  string
	log    string
	port   int
	heap   string
	sizes  limit.Sizes
}

// deploy makes the topics, as an operator would.
func (b *bench) deploy(ctx context.Context, e entrant, purpose string) (*deployment, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	base := fmt.Sprintf("bench-%s-%s-%s", b.run, purpose, e.name)
	d := &deployment{
		entrant: e, bench: b, base: base, prefix: base + ".", port: port, heap: b.peerHeap, sizes: b.sizes,
		store: filepath.Join(b.work, "store", base), log: filepath.Join(b.work, "log", base),
	}
	for _, file := range []string{d.store, d.log} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
	}
	return d, d.createTopics(ctx)
}

// createTopics runs `cardstream topics`, again where need be: brokers that are still deleting another deployment's topics
// take some seconds until they know these, which were created, and a second run finds everything there.
func (d *deployment) createTopics(ctx context.Context) (err error) {
	pause := time.NewTicker(2 * time.Second)
	defer pause.Stop()
	for range 15 {
		var out []byte
		out, err = exec.CommandContext(ctx, d.bench.binary, "topics", "--brokers", d.bench.brokers,
			"--registry", d.bench.registry, "--prefix", d.prefix).CombinedOutput()
		if err == nil {
			return nil
		}
		err = fmt.Errorf("topics of %s: %w\n%s", d.name, err, out)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
	return err
}

// freePort returns one that nothing listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (d *deployment) addr() string { return fmt.Sprintf("127.0.0.1:%d", d.port) }

// start runs the entrant and waits until it does its work; took is how long that was.
func (d *deployment) start(ctx context.Context) (p *subject.Process, took time.Duration, err error) {
	args := d.args(d.bench.settings, d)
	d.bench.note(d.name, args)
	p, err = subject.Start(subject.Command{Name: d.name, Args: args, Log: d.log, Ready: "http://" + d.addr() + "/readyz"})
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if took, err = p.AwaitReady(ctx); err != nil {
		return nil, 0, errors.Join(err, p.Stop())
	}
	return p, took, nil
}

// readyWithin is how long a start may take: with a changelog of ten million requests to be read.
const readyWithin = 30 * time.Minute

// meter begins to witness what the deployment does.
func (d *deployment) meter(ctx context.Context, events bool) (*meter.Meter, error) {
	return meter.Open(ctx, meter.Config{
		Brokers: strings.Split(d.bench.brokers, ","), Registry: d.bench.registry, Prefix: d.prefix, Events: events,
	})
}

// running starts the entrant, lets work measure it, and stops it.
func (d *deployment) running(ctx context.Context, work func(*subject.Process) error) error {
	p, _, err := d.start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(p), p.Stop())
}

// remove deletes the topics and the local store. It is also called when the run is being ended.
func (d *deployment) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	admin := kadm.NewClient(d.bench.kafka)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return err
	}
	var mine []string
	for _, topic := range topics.Names() {
		if strings.HasPrefix(topic, d.base) {
			mine = append(mine, topic)
		}
	}
	_, err = admin.DeleteTopics(ctx, mine...)
	return errors.Join(err, os.RemoveAll(d.store))
}
