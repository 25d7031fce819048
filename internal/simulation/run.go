package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cardstream/headendsim"
	"cardstream/internal/ledger"
)

// patience is how long everything may take to come to its end once the faults have stopped.
const patience = 60 * time.Second

// Result is what became of a run.
type Result struct {
	Plan    Plan
	Effects Effects
	Took    time.Duration // simulated, from the end of the faults until all was settled
	Stuck   error         // why it was not
	Ended   []error       // processors that ended by themselves
	Failed  error         // the run itself could not be made
	Report  *ledger.Report
	Log     []byte
}

// OK reports whether nothing was found.
func (r *Result) OK() bool {
	return r.Failed == nil && r.Stuck == nil && len(r.Ended) == 0 && r.Report != nil && r.Report.OK()
}

// Findings names what was found, without the details.
func (r *Result) Findings() []string {
	var found []string
	if r.Failed != nil {
		found = append(found, "failed")
	}
	if r.Stuck != nil {
		found = append(found, "stuck")
	}
	if len(r.Ended) > 0 {
		found = append(found, "ended")
	}
	if r.Report != nil {
		found = append(found, r.Report.Found()...)
	}
	return found
}

// String prints the plan, the verdict and the findings.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%seffects: %s\n", r.Plan, r.Effects)
	if err := errors.Join(r.Failed, r.Stuck, errors.Join(r.Ended...)); err != nil {
		fmt.Fprintf(&b, "FOUND: %v\n", err)
	}
	if r.Report != nil {
		fmt.Fprint(&b, r.Report)
	}
	return b.String()
}

// Run plays a plan through. It must run in a testing/synctest bubble, all of whose time is its own; when it returns
// every goroutine that it started ends.
func Run(ctx context.Context, plan Plan) *Result {
	r := &Result{Plan: plan}
	w, err := newWorld(ctx, plan)
	if err != nil {
		r.Failed = fmt.Errorf("bring up the world: %w", err)
		return r
	}
	r.Effects = w.effects
	w.play(ctx, r)
	w.finish(ctx, r)
	return r
}

// play lets everything happen, and waits until it has come to its end.
func (w *world) play(ctx context.Context, r *Result) {
	w.headend.start(w.plan.Headend)
	for _, m := range w.machines {
		m.start()
	}
	var feeding sync.WaitGroup
	feeding.Go(func() {
		cancels, err := w.crm.run(ctx)
		w.add("cancels", cancels)
		if err != nil {
			r.Failed = fmt.Errorf("feed: %w", err)
		}
	})
	w.drive()
	w.headend.start(headendsim.Settings{})
	began := time.Now()
	feeding.Wait()
	if r.Failed != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := w.witness.WaitSettled(ctx, patience); err != nil {
		r.Stuck = fmt.Errorf("stuck %s after the faults: %w: %s", time.Since(began), err, w.witness.Progress())
	}
	r.Took = time.Since(began)
}

// finish ends the world, and accounts for it.
func (w *world) finish(ctx context.Context, r *Result) {
	for _, m := range w.machines {
		if err := m.surprise(); err != nil {
			r.Ended = append(r.Ended, err)
		}
		if m.running != nil {
			m.leave()
		}
	}
	w.graves.Wait()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := w.witness.CatchUp(ctx); err != nil && r.Failed == nil {
		r.Failed = err
	}
	r.Log = w.journal.lines()
	w.witness.Search("log", r.Log)
	if r.Failed == nil {
		r.Report = w.witness.Audit(w.crm.feeder.Fed())
		w.count(r.Report)
	}
	w.close()
}

// Effects counts what has really happened.
type Effects map[string]int

func (w *world) add(name string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.effects[name] += n
}

// Add adds another run's.
func (e Effects) Add(other Effects) {
	for name, n := range other {
		e[name] += n
	}
}

// String prints them by name.
func (e Effects) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, e[name]))
	}
	return strings.Join(parts, ", ")
}
