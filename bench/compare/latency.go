package main

import (
	"context"
	"errors"
	"time"

	"cardstream/bench/meter"
	"cardstream/bench/report"
	"cardstream/bench/subject"
)

// latency measures how long a command takes at steady rates.
func (b *bench) latency(ctx context.Context) error {
	return b.inTurns(ctx, report.Latency, b.entrants(anybody), func(round int, d *deployment, p *subject.Process) error {
		m, err := d.meter(ctx, false)
		if err != nil {
			return err
		}
		return errors.Join(b.latencies(ctx, round, d, p, m), m.Close())
	})
}

func (b *bench) latencies(ctx context.Context, round int, d *deployment, p *subject.Process, m *meter.Meter) error {
	if err := b.warmUp(ctx, m); err != nil {
		return err
	}
	for _, rate := range b.rates {
		count := func(period time.Duration) int { return max(1, int(rate*seconds(period))) }
		// A while at the rate first: what the process does at full load it need not do at this one.
		if _, err := feed(ctx, m, meter.Plan{Commands: count(b.period / 6), Rate: rate, Untimed: true}); err != nil {
			return err
		}
		before, err := b.costs(p)
		if err != nil {
			return err
		}
		l, err := feed(ctx, m, meter.Plan{Commands: count(b.period), Rate: rate})
		if err != nil {
			return err
		}
		planned := l.FromPlan()
		values := quantiles(l.FromAppend())
		values["planned_p50_seconds"], values["planned_p99_seconds"] = seconds(planned.P50), seconds(planned.P99)
		values["planned_p999_seconds"], values["slip_p99_seconds"] = seconds(planned.P999), seconds(l.Slip().P99)
		if err := b.perMillion(p, before, count(b.period), values); err != nil {
			return err
		}
		if err := b.keep(report.Sample{Subject: d.name, Round: round, X: rate, Values: values}); err != nil {
			return err
		}
	}
	return nil
}

func quantiles(q meter.Quantiles) map[string]float64 {
	return map[string]float64{
		"p50_seconds": seconds(q.P50), "p90_seconds": seconds(q.P90), "p99_seconds": seconds(q.P99),
		"p999_seconds": seconds(q.P999), "max_seconds": seconds(q.Max), "count": float64(q.Count),
	}
}

// lateness measures how late scheduled requests are sent.
func (b *bench) lateness(ctx context.Context) error {
	return b.inTurns(ctx, report.Lateness, b.entrants(deciding), func(round int, d *deployment, p *subject.Process) error {
		m, err := d.meter(ctx, false)
		if err != nil {
			return err
		}
		return errors.Join(b.latenessOne(ctx, round, d, m), m.Close())
	})
}

func (b *bench) latenessOne(ctx context.Context, round int, d *deployment, m *meter.Meter) error {
	if err := b.warmUp(ctx, m); err != nil {
		return err
	}
	commands := max(1, int(b.dueRate*seconds(b.period)))
	// All are written, and stored, before the first is due: at a thousandth of a second each they have plenty of time.
	ahead := 5*time.Second + time.Duration(commands)*time.Second/2000
	first := time.Now().Add(ahead)
	l, err := feed(ctx, m, meter.Plan{Commands: commands, Due: meter.Spread(first, b.dueRate)})
	if err != nil {
		return err
	}
	late, early := l.Lateness()
	values := quantiles(late)
	values["early"] = float64(early)
	return b.keep(report.Sample{Subject: d.name, Round: round, X: b.dueRate, Values: values})
}
