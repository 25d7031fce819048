package main

import (
	"context"
	"errors"
	"time"

	"cardstream/bench/limit"
	"cardstream/bench/meter"
	"cardstream/bench/report"
	"cardstream/bench/subject"
)

// load measures what a processor can do, and what a command costs.
func (b *bench) load(ctx context.Context) error {
	return b.inTurns(ctx, report.Load, b.entrants(anybody), func(round int, d *deployment, p *subject.Process) error {
		m, err := d.meter(ctx, false)
		if err != nil {
			return err
		}
		return errors.Join(b.loadOne(ctx, round, d, p, m), m.Close())
	})
}

func (b *bench) loadOne(ctx context.Context, round int, d *deployment, p *subject.Process, m *meter.Meter) error {
	if err := b.warmUp(ctx, m); err != nil {
		return err
	}
	before, err := b.costs(p)
	if err != nil {
		return err
	}
	l, err := feed(ctx, m, meter.Plan{Commands: b.commands, Untimed: true})
	if err != nil {
		return err
	}
	values := map[string]float64{"commands_per_second": float64(b.commands) / seconds(l.Took())}
	if err := b.perMillion(p, before, b.commands, values); err != nil {
		return err
	}
	if d.name == cardstream && round == 1 {
		if err := b.measureSizes(ctx, d, m); err != nil {
			return err
		}
	}
	return b.keep(report.Sample{Subject: d.name, Round: round, Values: values})
}

// measureSizes looks at what cardstream has written, for the limit to write alike.
func (b *bench) measureSizes(ctx context.Context, d *deployment, m *meter.Meter) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	sizes, err := m.Sizes(ctx, d.state(d))
	if err != nil {
		return err
	}
	b.sizes = limit.Sizes{Entry: sizes["entry"], State: sizes["state"], Card: sizes["card"], Event: sizes["event"]}
	return nil
}
