package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cardstream/bench/meter"
	"cardstream/bench/proc"
	"cardstream/bench/report"
	"cardstream/bench/subject"
)

// backlog measures what waiting requests cost: memory, disk, time to ready after a restart, and processor time of others'
// commands. The numbers grow in turns: everybody has the first before anybody has the second.
func (b *bench) backlog(ctx context.Context) (err error) {
	var hoards []*hoard
	defer func() {
		for _, h := range hoards {
			err = errors.Join(err, h.large.remove(ctx), h.small.remove(ctx))
		}
	}()
	for _, e := range b.entrants(keeping) {
		h := &hoard{bench: b}
		if h.large, err = b.deploy(ctx, e, "large"); err != nil {
			return err
		}
		if h.small, err = b.deploy(ctx, e, "small"); err != nil {
			return err
		}
		h.large.heap, h.small.heap = "512m", "512m"
		hoards = append(hoards, h)
	}
	for _, waiting := range b.waiting {
		for _, h := range hoards {
			if err := h.measure(ctx, waiting); err != nil {
				return fmt.Errorf("%s, %d waiting: %w", h.large.name, waiting, err)
			}
		}
	}
	return nil
}

// hoard is two deployments of one entrant: one with more and more that waits, and one with the least number, which says
// how fast the machine is at that hour.
type hoard struct {
	bench        *bench
	large, small *deployment
	has, hasLess int // waiting
}

// measure grows the large one, and measures it.
func (h *hoard) measure(ctx context.Context, waiting int) error {
	b := h.bench
	values := map[string]float64{}
	err := h.large.running(ctx, func(p *subject.Process) error {
		if err := h.large.hoard(ctx, waiting-h.has, values); err != nil {
			return err
		}
		h.has = waiting
		if err := h.large.weigh(ctx, p, waiting, values); err != nil {
			return err
		}
		return h.small.running(ctx, func(q *subject.Process) error {
			if err := h.small.hoard(ctx, b.waiting[0]-h.hasLess, map[string]float64{}); err != nil {
				return err
			}
			h.hasLess = b.waiting[0]
			return h.probe(ctx, waiting, p, q)
		})
	})
	if err != nil {
		return err
	}
	if err := h.large.restarts(ctx, waiting, values); err != nil {
		return err
	}
	return b.keep(report.Sample{Subject: h.large.name, Round: 1, X: float64(waiting), Values: values})
}

// hoard feeds so many commands for a far day, and waits until each is a request that waits.
func (d *deployment) hoard(ctx context.Context, more int, values map[string]float64) error {
	if more <= 0 {
		return nil
	}
	m, err := d.meter(ctx, true)
	if err != nil {
		return err
	}
	began := time.Now()
	far := meter.Spread(began.Add(365*24*time.Hour), 1000)
	_, err = m.Feed(ctx, meter.Plan{Commands: more, Due: far, Untimed: true})
	if err == nil {
		err = m.AwaitEvents(ctx, int64(more))
	}
	values["stored_per_second"] = float64(more) / seconds(time.Since(began))
	return errors.Join(err, m.Close())
}

// weigh reads memory and disk once the process has come to rest.
func (d *deployment) weigh(ctx context.Context, p *subject.Process, waiting int, values map[string]float64) error {
	rest := time.NewTimer(d.bench.settle)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	memory, errMemory := p.Memory()
	disk, errDisk := proc.Disk(d.store)
	millions := float64(waiting) / 1e6
	values["resident_bytes"], values["anonymous_bytes"] = float64(memory.Resident), float64(memory.Anonymous)
	values["peak_bytes"], values["disk_bytes"] = float64(memory.Peak), float64(disk)
	values["resident_bytes_per_million"] = float64(memory.Resident) / millions
	values["disk_bytes_per_million"] = float64(disk) / millions
	return errors.Join(errMemory, errDisk)
}

// probe measures in turns what a command costs on the large one and on the small one.
func (h *hoard) probe(ctx context.Context, waiting int, large, small *subject.Process) error {
	b := h.bench
	pair := []*prober{{d: h.large, p: large}, {d: h.small, p: small}}
	for _, one := range pair {
		m, err := one.d.meter(ctx, false)
		if err != nil {
			return err
		}
		defer m.Close()
		one.m = m
		if err := b.warmUp(ctx, m); err != nil {
			return err
		}
	}
	for round := 1; round <= b.rounds; round++ {
		for _, one := range pair {
			if err := one.measure(ctx, b); err != nil {
				return err
			}
		}
		values := map[string]float64{
			"client_cpu_seconds_per_million": pair[0].cost, "least_client_cpu_seconds_per_million": pair[1].cost,
			"growth_ratio": pair[0].cost / pair[1].cost,
		}
		if err := b.keep(report.Sample{Subject: h.large.name, Round: round, X: float64(waiting), Values: values}); err != nil {
			return err
		}
	}
	return nil
}

// prober measures one process.
type prober struct {
	d    *deployment
	p    *subject.Process
	m    *meter.Meter
	cost float64 // processor seconds per million commands, the last time
}

func (o *prober) measure(ctx context.Context, b *bench) error {
	before, err := b.costs(o.p)
	if err != nil {
		return err
	}
	if _, err := feed(ctx, o.m, meter.Plan{Commands: b.probe, Untimed: true}); err != nil {
		return err
	}
	values := map[string]float64{}
	err = b.perMillion(o.p, before, b.probe, values)
	o.cost = values["client_cpu_seconds_per_million"]
	return err
}

// restarts measures how long it takes until a process that was stopped in order does its work again: with its local store,
// and without.
func (d *deployment) restarts(ctx context.Context, waiting int, values map[string]float64) error {
	for _, name := range []string{"ready_with_state_seconds", "ready_without_state_seconds"} {
		if name == "ready_without_state_seconds" {
			if err := os.RemoveAll(d.store); err != nil {
				return err
			}
		}
		p, took, err := d.start(ctx)
		if err != nil {
			return err
		}
		values[name] = seconds(took)
		if err := p.Stop(); err != nil {
			return err
		}
	}
	values["restored_per_second"] = float64(waiting) / values["ready_without_state_seconds"]
	return nil
}
