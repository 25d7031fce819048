package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/bench/limit"
	"cardstream/bench/meter"
	"cardstream/bench/proc"
	"cardstream/bench/report"
	"cardstream/bench/subject"
)

// bench is a run of measures.
type bench struct {
	*settings
	run   string // in all names, so that runs do not meet
	kafka *kgo.Client
	sizes limit.Sizes // of what cardstream writes
	file  *report.File
}

// measures are how they are made.
var measures = map[string]func(*bench, context.Context) error{
	report.Audit:    (*bench).audit,
	report.Load:     (*bench).load,
	report.Latency:  (*bench).latency,
	report.Lateness: (*bench).lateness,
	report.Backlog:  (*bench).backlog,
}

// run makes the measures that were asked for, one after another. Samples are kept as they come.
func (s *settings) run(ctx context.Context) error {
	for _, measure := range s.measures {
		if measures[measure] == nil {
			return fmt.Errorf("measure %q is none of %s", measure, strings.Join(report.Measures, ", "))
		}
	}
	for _, name := range s.subjects {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("subject %q is none of %s", name, strings.Join(names(), ", "))
		}
	}
	work, err := filepath.Abs(s.work)
	if err != nil {
		return err
	}
	s.work = work
	kafka, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(s.brokers, ",")...))
	if err != nil {
		return err
	}
	defer kafka.Close()
	b := &bench{settings: s, run: strconv.FormatInt(time.Now().Unix(), 36), kafka: kafka, sizes: usualSizes}
	for _, measure := range s.measures {
		b.file = &report.File{Measure: measure, Environment: report.Environment{
			Taken: time.Now().UTC().Truncate(time.Second), Machine: proc.ThisMachine(), Versions: s.versions,
			Command: s.shown, Settings: map[string]string{},
		}}
		if err := measures[measure](b, ctx); err != nil {
			return fmt.Errorf("%s: %w", measure, err)
		}
	}
	return nil
}

// note keeps the command line of a subject, as a reader would give it: without this machine's folders.
func (b *bench) note(name string, args []string) {
	line := strings.ReplaceAll(strings.Join(args, " "), b.work+"/", "")
	for _, program := range []string{b.binary, b.java, self()} {
		line = strings.ReplaceAll(line, program+" ", filepath.Base(program)+" ")
	}
	b.file.Environment.Settings[name] = line
}

// keep writes a sample down.
func (b *bench) keep(s report.Sample) error {
	fmt.Fprintf(os.Stderr, "%s %s round %d x %g: %v\n", b.file.Measure, s.Subject, s.Round, s.X, s.Values)
	b.file.Samples = append(b.file.Samples, s)
	return b.file.Save(b.out)
}

// entrants are those that were asked for and may.
func (b *bench) entrants(may func(entrant) bool) []entrant {
	return slices.DeleteFunc(slices.Clone(lineup), func(e entrant) bool {
		return !slices.Contains(b.subjects, e.name) || !may(e)
	})
}

func anybody(entrant) bool            { return true }
func deciding(e entrant) bool         { return e.decides }
func keeping(e entrant) bool          { return e.name == cardstream || e.name == peerThroughput }
func seconds(d time.Duration) float64 { return d.Seconds() }

// inTurns deploys the entrants, and lets work measure each of them in every round, one running at a time.
func (b *bench) inTurns(ctx context.Context, purpose string, entrants []entrant,
	work func(round int, d *deployment, p *subject.Process) error) (err error) {
	var deployed []*deployment
	defer func() {
		for _, d := range deployed {
			err = errors.Join(err, d.remove(ctx))
		}
	}()
	for _, e := range entrants {
		d, err := b.deploy(ctx, e, purpose)
		if err != nil {
			return err
		}
		deployed = append(deployed, d)
	}
	for round := 1; round <= b.rounds; round++ {
		for _, d := range deployed {
			d.sizes = b.sizes
			err := d.running(ctx, func(p *subject.Process) error { return work(round, d, p) })
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
		}
	}
	return nil
}

// feed feeds a load and waits until it is worked off.
func feed(ctx context.Context, m *meter.Meter, plan meter.Plan) (*meter.Load, error) {
	l, err := m.Feed(ctx, plan)
	if err != nil {
		return nil, err
	}
	return l, l.Await(ctx)
}

// warmUp lets a process work until all its code is compiled and its caches are warm.
func (b *bench) warmUp(ctx context.Context, m *meter.Meter) error {
	_, err := feed(ctx, m, meter.Plan{Commands: b.warm, Untimed: true})
	return err
}

// costs is what client and broker have used.
type costs struct{ client, broker time.Duration }

func (b *bench) costs(p *subject.Process) (c costs, err error) {
	if c.client, err = p.CPU(); err == nil && b.brokerPID != 0 {
		c.broker, err = proc.CPU(b.brokerPID)
	}
	return c, err
}

// perMillion is what so many commands have cost since the earlier reading, in processor seconds per million.
func (b *bench) perMillion(p *subject.Process, before costs, commands int, values map[string]float64) error {
	after, err := b.costs(p)
	if err != nil {
		return err
	}
	millions := float64(commands) / 1e6
	values["client_cpu_seconds_per_million"] = seconds(after.client-before.client) / millions
	if b.brokerPID != 0 {
		values["broker_cpu_seconds_per_million"] = seconds(after.broker-before.broker) / millions
	}
	return nil
}
