// Command torture does to cardstream, on three brokers, everything at once that happens to such programs, while the
// ledger watches; scripts/torture builds and runs it.
//
//	schedule  what happens when, by the seed ─┐
//	rig       brokers, proxies, processes, headend, load, witness ─┤
//	faults    each kind: how to do it, how to undo it ─┴─▶ storm ──▶ verdict
//
// It prints the seed, a line for each fault, and the verdict, and exits with 1 where anything was found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"cardstream/torture/faults"
	"cardstream/torture/rig"
	"cardstream/torture/schedule"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitNothing = 0
	exitFound   = 1 // something, or the run could not be made
	exitUsage   = 2
)

func execute(ctx context.Context, args []string, out, err io.Writer) int {
	s, problem := parse(args, err)
	switch {
	case errors.Is(problem, flag.ErrHelp):
		return exitNothing
	case problem != nil:
		fmt.Fprintln(err, "torture:", problem)
		return exitUsage
	case s.list:
		fmt.Fprint(out, faults.Table(s.kinds))
		return exitNothing
	}
	fmt.Fprintf(out, "seed %d, %s, %g commands a second, %d processes\n", s.seed, s.length, s.rate, s.processes)
	if s.plan {
		s.sayPlan(out)
		return exitNothing
	}
	verdict, problem := s.run(ctx, out, err)
	if verdict != nil {
		fmt.Fprintf(out, "%sverdict: %s\n", verdict.Details(), verdict)
	}
	if problem != nil {
		fmt.Fprintln(err, "torture:", problem)
		return exitFound
	}
	if !verdict.OK() {
		fmt.Fprintf(out, "logs: %s\n", s.work)
		return exitFound
	}
	return exitNothing
}

// blows is the schedule.
func (s *settings) blows(kinds []faults.Kind) []schedule.Blow {
	var scheduled []schedule.Kind
	for _, k := range kinds {
		scheduled = append(scheduled, k.Scheduled(s.processes))
	}
	return schedule.Of(s.seed, s.length, scheduled)
}

func (s *settings) sayPlan(out io.Writer) {
	for _, b := range s.blows(s.kinds) {
		say(out, b, b.Kind)
	}
}

// run makes the whole run. The verdict is there unless the run was broken off.
func (s *settings) run(ctx context.Context, out, progress io.Writer) (verdict *rig.Verdict, err error) {
	began := time.Now()
	log := func(format string, args ...any) {
		fmt.Fprintf(progress, "torture: %6.1fs %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	if s.work, err = filepath.Abs(s.work); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.work, 0o755); err != nil {
		return nil, err
	}
	if s.binary == "" {
		if s.binary, err = rig.Build(ctx, s.root, s.patch, s.work); err != nil {
			return nil, err
		}
	}
	r, err := rig.Open(ctx, rig.Config{
		Root: s.root, Binary: s.binary, Work: s.work, Processes: s.processes, Rate: s.rate, Seed: s.seed,
		ClockJump: faults.Has(s.kinds, "clock"), Log: log,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	kinds, missing := faults.Possible(s.kinds, &r.Scene)
	for _, m := range missing {
		fmt.Fprintln(out, m)
	}
	ctx, stop := r.Witnessed(ctx)
	defer stop()
	storm := faults.Storm(ctx, &r.Scene, kinds, s.blows(kinds), func(b schedule.Blow, f faults.Fault) { say(out, b, b.Kind+": "+f.Name()) })
	log("the last fault is undone")
	if ctx.Err() != nil {
		return nil, errors.Join(fmt.Errorf("broken off: %w", context.Cause(ctx)), storm)
	}
	verdict, err = r.Judge(ctx)
	return verdict, errors.Join(storm, err)
}

func say(out io.Writer, b schedule.Blow, what string) {
	fmt.Fprintf(out, "%6.1fs %3d %s, for %s\n", b.At.Seconds(), b.Number, what, b.For)
}
