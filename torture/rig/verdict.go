package rig

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardstream/internal/ledger"
)

// Verdict is what became of a run.
type Verdict struct {
	Report  *ledger.Report
	Fed     ledger.Fed
	Stuck   int           // what had no end when it had to have one
	Settled time.Duration // how long after the last fault and the last command everything had its end; 0: it never had
	Ends    []string      // processes that ended by themselves, or did not end when told to, without an excuse
	Excused int           // processes that ended by themselves and had one
	Effects Effects
}

// OK reports whether nothing was found.
func (v *Verdict) OK() bool { return v.Report.OK() && v.Stuck == 0 && len(v.Ends) == 0 }

// String is the line of the verdict.
func (v *Verdict) String() string {
	r := v.Report
	others := r.Foreign.Count + r.Misplaced.Count + r.Early.Count + r.Differing.Count + r.Illegal.Count + r.Leaked.Count
	return fmt.Sprintf("%d lost, %d doubled, %d reordered, %d stuck; %d other findings; %d ends of processes by themselves",
		r.Missing.Count, r.Doubled.Count, r.Reordered.Count, v.Stuck, others, len(v.Ends))
}

// Details are everything else there is to say.
func (v *Verdict) Details() string {
	var b strings.Builder
	if v.Settled > 0 {
		fmt.Fprintf(&b, "everything had its end %s after the last fault and the last command\n", v.Settled.Round(100*time.Millisecond))
	} else {
		b.WriteString("not everything has come to its end\n")
	}
	fmt.Fprintf(&b, "fed: %+v\n%s%s\nprocesses that ended by themselves with an excuse: %d\n", v.Fed, v.Report, v.Effects, v.Excused)
	for _, end := range v.Ends {
		fmt.Fprintf(&b, "ended by itself: %s\n", end)
	}
	return b.String()
}

// stuckAfter is how long after the last fault everything must have its end.
const stuckAfter = 60 * time.Second

// Judge ends the load, waits for the end of everything, and audits. All faults must have been undone.
func (r *Rig) Judge(ctx context.Context) (*Verdict, error) {
	v := &Verdict{}
	var err error
	if v.Fed, err = r.load.finish(); err != nil {
		return nil, fmt.Errorf("the load: %w", err)
	}
	began := time.Now()
	if v.Stuck, err = r.load.settle(ctx, stuckAfter); err != nil {
		return nil, err
	}
	late := 0
	if v.Stuck > 0 {
		r.config.Log("stuck: %s", r.load.witness.Progress())
		if late, err = r.load.settle(ctx, 2*stuckAfter); err != nil { // slow, or for ever?
			return nil, err
		}
	}
	if late == 0 {
		v.Settled = time.Since(began)
		// What was REJECTED by time-out may still be answered late.
		select {
		case <-time.After(2 * headendTimeout):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if _, err := r.load.settle(ctx, stuckAfter); err != nil {
			return nil, err
		}
	}
	v.Ends, v.Excused = r.processors.ends()
	if v.Effects, err = effects(r.logs()); err != nil {
		return nil, err
	}
	if err := r.load.search(r.logs()); err != nil {
		return nil, err
	}
	v.Report = r.load.witness.Audit(v.Fed)
	r.found = !v.OK()
	return v, nil
}
