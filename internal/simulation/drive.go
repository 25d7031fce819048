package simulation

import (
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/ledger"
)

// driver makes the faults happen, each at its moment, one at a time: beginnings and ends.
type driver struct {
	*world
	began    time.Time
	pending  []moment // in order
	standing []*kfake.FaultHandle

	operating sync.WaitGroup // the operator's work
}

// moment is something to be done.
type moment struct {
	at time.Duration
	do func()
}

// drive runs the plan's faults, and then ends those that last.
func (w *world) drive() {
	d := &driver{world: w, began: time.Now()}
	for _, f := range w.plan.Faults {
		d.pending = append(d.pending, moment{f.At, func() { d.begin(f) }})
	}
	for len(d.pending) > 0 {
		next := d.pending[0]
		d.pending = d.pending[1:]
		time.Sleep(time.Until(d.began.Add(next.at)))
		next.do()
	}
	time.Sleep(time.Until(d.began.Add(w.plan.End)))
	d.clear()
}

// after puts off the end of a fault.
func (d *driver) after(f Fault, do func()) {
	m := moment{f.At + f.For, do}
	at, _ := slices.BinarySearchFunc(d.pending, m, func(a, b moment) int {
		if a.at <= b.at {
			return -1
		}
		return 1
	})
	d.pending = slices.Insert(d.pending, at, m)
}

// begin does what a fault is. One whose machine is down finds nothing to do.
func (d *driver) begin(f Fault) {
	switch f.Kind {
	case Kill, Freeze, Stall, Cut, LoseAnswer, Slow, Leave, ClockJump:
		m := d.machines[f.Machine]
		if m.up() {
			d.toMachine(f, m)
		}
	case BrokerAway:
		d.network.Away(brokerAddress(f.Broker), true)
		d.after(f, func() { d.network.Away(brokerAddress(f.Broker), false) })
	case Registry:
		d.network.Away(registryAddress, true)
		d.after(f, func() { d.network.Away(registryAddress, false) })
	case Failover:
		d.kafka.Kafka().ShufflePartitionLeaders()
		d.kafka.Kafka().RehashCoordinators()
		d.add(string(f.Kind), 1)
	case BrokerError:
		d.standing = append(d.standing, d.kafka.Kafka().Fault(brokerFault(f)))
	case Intruder:
		d.intrude(f)
	case HeadendAway:
		host := d.headend.host
		d.network.Stall(host, true)
		d.add(string(f.Kind), 1)
		d.after(f, func() { d.network.Stall(host, false) })
	case HeadendNew:
		d.headend.start(d.plan.Headend)
		d.add(string(f.Kind), 1)
	case Pause:
		d.pause(f)
	}
}

func (d *driver) toMachine(f Fault, m *machine) {
	host := m.running.host
	met := 1
	switch f.Kind {
	case Kill:
		other := d.machines[(f.Machine+1)%len(d.machines)]
		m.kill(f.Disk, other, d.random)
		d.add("disk "+string(f.Disk), 1)
		d.after(f, m.start)
	case Freeze:
		m.freeze()
		d.after(f, m.thaw)
	case Stall:
		d.network.Stall(host, true)
		d.after(f, func() { d.network.Stall(host, false) })
	case Cut:
		met = d.network.Cut(host)
	case LoseAnswer:
		for range f.Count {
			d.network.LoseAnswer(host, int16(f.Key))
		}
		met = 0 // counted at the end
	case Slow:
		d.network.Slow(host, f.Delay)
		d.after(f, func() { d.network.Slow(host, 0) })
	case Leave:
		m.leave()
		d.after(f, m.start)
	case ClockJump:
		m.ahead.Store(int64(f.Ahead))
		d.after(f, func() { m.ahead.Store(0) })
	default:
		panic("no fault of a machine: " + f.Kind)
	}
	d.add(string(f.Kind), met)
}

// brokerFault has the brokers refuse. What is in transactions or groups is the processors' and the headend's: the
// witness and the CRM are not to be disturbed in what they must know for sure.
func brokerFault(f Fault) kfake.Fault {
	fault := kfake.Fault{Keys: []kmsg.Key{f.Key}, Err: f.Error, Count: f.Count}
	if f.Key == kmsg.Produce {
		fault.When = func(r kmsg.Request) bool { return r.(*kmsg.ProduceRequest).TransactionID != nil }
	}
	return fault
}

// intrude takes a task's transactional id, as a processor does that wrongly believes the partition to be its own.
func (d *driver) intrude(f Fault) {
	d.operating.Go(func() {
		if d.operator.fence(f.Partition) == nil {
			d.add(string(f.Kind), 1)
		}
	})
}

// pause pauses the processing run, and resumes it, however often that must be tried.
func (d *driver) pause(f Fault) {
	d.operating.Go(func() {
		if d.operator.pause(true) == nil {
			d.add(string(f.Kind), 1)
		}
		time.Sleep(f.For)
		for d.operator.pause(false) != nil {
			time.Sleep(time.Second)
		}
	})
}

// clear ends what is left of the faults.
func (d *driver) clear() {
	d.operating.Wait()
	d.add(string(LoseAnswer), d.network.Forgive())
	d.add(string(Registry), d.network.Refused(registryAddress))
	for _, address := range d.brokers {
		d.add(string(BrokerAway), d.network.Refused(address))
	}
	for _, handle := range d.standing {
		d.add(string(BrokerError), handle.Hits())
		handle.Remove()
	}
}

// count adds what the log and the witness tell.
func (w *world) count(report *ledger.Report) {
	for message, name := range map[string]string{
		"partition taken over":                        "takeovers",
		"task starts again from the log":              "tasks that began again",
		"simulated headend starts again from the log": "headend desks that began again",
	} {
		w.add(name, w.journal.said(message))
	}
	w.add("aborted transactions", report.AbortedTransactions)
	w.add("commands", report.Counts.Commands)
	w.add("requests", report.Counts.Requests)
	for event, n := range report.Counts.Events {
		w.add(event, n)
	}
}
