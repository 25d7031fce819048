package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cardstream/headendsim"
	"cardstream/internal/ledger"
	"cardstream/provisioning"
)

// Plan is all that a seed decides: the size of the world, how its parts are set, what the CRM asks for, and what goes
// wrong when. The same seed makes the same plan.
type Plan struct {
	Seed       uint64
	Brokers    int
	Announced  bool // transactions announce what they write to, as on a cluster whose features nobody has finalized
	Partitions int32
	Machines   [][]string // the stages of each
	Settings   Settings
	Headend    headendsim.Settings // while faults last; then it accepts all
	Load       ledger.Load
	Rate       float64 // commands a second
	Cancels    []time.Duration
	Mode       ledger.Mode
	Faults     []Fault // in order
	End        time.Duration
}

// NewPlan draws the plan of a seed.
func NewPlan(seed uint64) Plan {
	d := drawer{rand.New(rand.NewPCG(seed, 0x51))}
	p := Plan{
		Seed: seed, Brokers: 1 + d.IntN(3), Partitions: int32(2 + d.IntN(3)), Machines: d.machines(),
		End:       d.between(15*time.Second, 35*time.Second),
		Announced: seed%4 == 0, // not drawn: all else of a seed stays what it was before there were both
	}
	policy := provisioning.Policy{
		Results: true, Timeout: d.between(2*time.Second, 5*time.Second).Truncate(time.Millisecond),
		Attempts: int32(2 + d.IntN(2)), RetryMin: provisioning.DefaultRetryMin, RetryMax: provisioning.DefaultRetryMax,
		InFlight: int64(1 + d.IntN(20)), ProbeEvery: provisioning.DefaultProbeEvery, Retention: provisioning.DefaultRetention,
	}
	if d.IntN(5) == 0 {
		policy.HoldAfter = int32(3 + d.IntN(5))
	}
	p.Settings = Settings{
		Policy: policy, PINPattern: `[A-Z]{8}`, ClockBound: 5 * time.Second, Linger: d.between(0, 30*time.Millisecond),
		StepRecords: 1 << d.IntN(9), SessionTimeout: 6 * time.Second, RebalanceTimeout: time.Second,
	}
	p.Load = ledger.Load{
		Seed: seed, Commands: 30 + d.IntN(50), Cards: 5 + d.IntN(20), Window: p.End, Letters: true,
		Mix: ledger.Mix{Immediate: 20, DueNow: 30, Scheduled: 35, Duplicates: 6, Broken: 6, Cancels: 2},
	}
	p.Rate = float64(p.Load.Commands) / (p.End.Seconds() * (0.5 + 0.4*d.Float64()))
	for range d.IntN(8) {
		p.Cancels = append(p.Cancels, d.between(3*time.Second, p.End))
	}
	slices.Sort(p.Cancels)
	p.Headend = d.headend(seed)
	p.Faults = d.faults(p)
	p.Mode = ledger.Mode{
		Results: true, Timeout: policy.Timeout, Attempts: policy.Attempts, Outage: policy.HoldAfter > 0,
	}
	for _, f := range p.Faults {
		p.Mode.ClockTolerance = max(p.Mode.ClockTolerance, min(f.Ahead.Abs(), p.Settings.ClockBound))
		p.Mode.ClockJump = max(p.Mode.ClockJump, f.Ahead.Abs()-p.Settings.ClockBound)
	}
	return p
}

// drawer draws.
type drawer struct{ *rand.Rand }

func (d drawer) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(d.Int64N(int64(most-least)))).Truncate(time.Millisecond)
}

// machines are two or three; in a third of the worlds each has one stage only.
func (d drawer) machines() [][]string {
	all := []string{"intake", "dispatch"}
	switch d.IntN(6) {
	case 0:
		return [][]string{all[:1], all[1:]}
	case 1:
		return [][]string{all[:1], all[1:], all[1:]}
	case 2, 3:
		return [][]string{all, all, all}
	}
	return [][]string{all, all}
}

func (d drawer) headend(seed uint64) headendsim.Settings {
	some := func() headendsim.Share { return headendsim.Share(d.Float64() * 0.15 * float64(d.IntN(2))) }
	return headendsim.Settings{
		Seed: seed, Reject: some(), Retryable: some(), Silent: some(), Late: some(), Twice: some(),
		RetryAfter: d.between(0, time.Second), Delay: d.between(0, 300*time.Millisecond),
	}
}

// calm is how long the world is left alone at its beginning.
const calm = 2 * time.Second

// faults come one after another; those that last overlap.
func (d drawer) faults(p Plan) []Fault {
	var all []Fault
	pace := d.between(500*time.Millisecond, 4*time.Second)
	for at := calm; at < p.End-time.Second; at += d.between(0, 2*pace) {
		f := d.fault(p, at)
		f.For = min(f.For, p.End-at)
		all = append(all, f)
	}
	return all
}

func (d drawer) kind() Kind {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	drawn := d.IntN(total)
	for _, k := range kinds {
		if drawn -= k.weight; drawn < 0 {
			return k.kind
		}
	}
	panic("a draw beyond the weights")
}

func (d drawer) fault(p Plan, at time.Duration) Fault {
	f := Fault{Kind: d.kind(), At: at, Machine: d.IntN(len(p.Machines)), For: d.between(100*time.Millisecond, 5*time.Second)}
	switch f.Kind {
	case Kill:
		f.Disk = []Disk{Kept, Kept, Crashed, Crashed, Lost, Foreign}[d.IntN(6)]
		f.For = d.between(0, 12*time.Second)
	case Freeze, Stall:
		f.For = d.between(200*time.Millisecond, 14*time.Second)
	case LoseAnswer:
		f.Key, f.Count = answers[d.IntN(len(answers))], 1+d.IntN(2)
	case BrokerError:
		refusal := refusals[d.IntN(len(refusals))]
		f.Key, f.Error, f.Count = refusal.key, refusal.errors[d.IntN(len(refusal.errors))], 1+d.IntN(5)
	case BrokerAway:
		f.Broker = d.IntN(p.Brokers)
	case Slow:
		f.Delay = d.between(10*time.Millisecond, 400*time.Millisecond)
	case ClockJump:
		f.Ahead = d.between(-4*time.Second, 4*time.Second)
		if d.IntN(3) == 0 {
			f.Ahead = d.between(6*time.Second, 15*time.Second)
		}
	case Intruder:
		f.Partition = d.Int32N(p.Partitions)
	case HeadendAway:
		f.For = d.between(time.Second, 12*time.Second)
	case Cut, Leave, Failover, HeadendNew, Pause, Registry:
	}
	return f
}

// String prints the plan: the world in a line, and each fault in one of its own.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d brokers (transactions announced: %t), %d partitions, machines %v, "+
		"%d commands for %d cards at %.1f/s, %d cancels, headend %+v, time-out %s, %d attempts, in flight %d, hold after %d, linger %s, step %d, faults for %s\n", p.Seed,
		p.Brokers, p.Announced, p.Partitions, p.Machines, p.Load.Commands, p.Load.Cards, p.Rate, len(p.Cancels), p.Headend,
		p.Settings.Policy.Timeout, p.Settings.Policy.Attempts, p.Settings.Policy.InFlight, p.Settings.Policy.HoldAfter,
		p.Settings.Linger, p.Settings.StepRecords, p.End)
	for _, f := range p.Faults {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}
