package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardstream/bench/report"
	"cardstream/bench/subject"
	"cardstream/internal/ledger"
)

// audit lets the ledger account for a mixed load, of everyone alike.
func (b *bench) audit(ctx context.Context) error {
	return b.inTurns(ctx, report.Audit, b.entrants(deciding), func(round int, d *deployment, _ *subject.Process) error {
		brokers := strings.Split(b.brokers, ",")
		witness, err := ledger.Open(ctx, ledger.Config{
			Brokers: brokers, Registry: b.registry, Prefix: d.prefix, State: d.state(d),
		})
		if err != nil {
			return err
		}
		defer witness.Close()
		feeder, err := ledger.NewFeeder(ctx, ledger.FeederConfig{
			Brokers: brokers, Registry: b.registry, Prefix: d.prefix, Rate: float64(b.audited) / 20,
			Load: ledger.Load{Seed: uint64(round), Commands: b.audited, Cards: max(1, b.audited/5), Window: 20 * time.Second},
		})
		if err != nil {
			return err
		}
		defer feeder.Close()
		if err := feeder.Run(ctx); err != nil {
			return err
		}
		settled := witness.WaitSettled(ctx, time.Minute)
		return errors.Join(ctx.Err(), b.verdict(round, d, witness.Audit(feeder.Fed()), settled))
	})
}

// verdict keeps what the ledger found: it is told, and does not end the run.
func (b *bench) verdict(round int, d *deployment, r *ledger.Report, settled error) error {
	findings := 0
	for _, f := range []ledger.Finding{r.Missing, r.Doubled, r.Reordered, r.Foreign, r.Misplaced, r.Early, r.Differing,
		r.Illegal, r.Leaked} {
		findings += f.Count
	}
	values := map[string]float64{"ok": 0, "commands": float64(r.Counts.Commands), "findings": float64(findings)}
	if r.OK() && settled == nil {
		values["ok"] = 1
	}
	note := r.String()
	if settled != nil {
		note += fmt.Sprintln(settled)
	}
	return b.keep(report.Sample{Subject: d.name, Round: round, Values: values, Note: note})
}
