package meter

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Plan is what is fed.
type Plan struct {
	Commands int
	Rate     float64               // commands a second; 0: as fast as the brokers take them
	Due      func(i int) time.Time // when the i-th is due; nil: immediate
	// Untimed keeps no time of any command: for loads of many millions that are only counted.
	Untimed bool
}

// Load is a plan that is being fed, or has been. Times are kept per command: when it was to be written, when the brokers
// appended it, and when its smartcard command was read; 0 for what has not happened.
type Load struct {
	plan  Plan
	name  string // of this load, in every card's number, so that loads do not meet
	meter *Meter

	began   time.Time
	planned []int64 // microseconds since the Unix epoch, this machine's clock
	// Milliseconds since the Unix epoch, the broker's clock. Each is written by one callback of the producer, and read
	// after the flush.
	appended []int64

	// Held by the meter's lock.
	arrived []int64 // microseconds since the Unix epoch, this machine's clock
	count   int
	last    time.Time

	mu     sync.Mutex
	failed error
}

// Feed writes a load to its end, and returns it. What comes of it is waited for by Load.Await.
func (m *Meter) Feed(ctx context.Context, plan Plan) (*Load, error) {
	l := m.newLoad(plan)
	var values []byte
	for i := range plan.Commands {
		planned := l.moment(i)
		if err := pace(ctx, planned); err != nil {
			return nil, err
		}
		if cap(values)-len(values) < 512 {
			values = make([]byte, 0, 1<<20) // a million bytes at a time: the records keep parts of it until they are written
		}
		r, err := m.record(l, i, values[len(values):])
		if err != nil {
			return nil, err
		}
		values = values[:len(values)+len(r.Value)]
		if !plan.Untimed {
			l.planned[i] = planned.UnixMicro()
		}
		m.producer.Produce(ctx, r, func(r *kgo.Record, err error) { l.written(i, r, err) })
	}
	if err := m.producer.Flush(ctx); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l, l.failed
}

func (m *Meter) newLoad(plan Plan) *Load {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made++
	l := &Load{plan: plan, name: fmt.Sprintf("%s-%d", m.run, m.made), meter: m, began: time.Now()}
	if !plan.Untimed {
		l.planned = make([]int64, plan.Commands)
		l.appended = make([]int64, plan.Commands)
		l.arrived = make([]int64, plan.Commands)
	}
	m.load = l
	return l
}

// moment is when the i-th command is to be written; now where there is no rate.
func (l *Load) moment(i int) time.Time {
	if l.plan.Rate <= 0 {
		return time.Now()
	}
	return l.began.Add(time.Duration(float64(i) / l.plan.Rate * float64(time.Second)))
}

// pace waits until a moment; one that has passed is caught up with.
func pace(ctx context.Context, moment time.Time) error {
	wait := time.Until(moment)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (l *Load) written(i int, r *kgo.Record, err error) {
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failed == nil { // the others fail alike
			l.failed = errors.Join(errors.New("feed"), err)
		}
		return
	}
	if !l.plan.Untimed {
		l.appended[i] = r.Timestamp.UnixMilli()
	}
}

// keyStart begins every card's key.
const keyStart = "serial_number:"

func (l *Load) card(i int) string { return l.name + "-" + strconv.Itoa(i) }

// arrive takes in smartcard commands. The meter's lock is held.
func (l *Load) arrive(records []*kgo.Record, at time.Time) {
	start := keyStart + l.name + "-"
	for _, r := range records {
		number, ours := strings.CutPrefix(string(r.Key), start)
		i, err := strconv.Atoi(number)
		if !ours || err != nil || i < 0 || i >= l.plan.Commands {
			continue
		}
		if !l.plan.Untimed {
			if l.arrived[i] != 0 {
				continue // the first one counts; that there is a second is the ledger's to find
			}
			l.arrived[i] = at.UnixMicro()
		}
		l.count++
		l.last = at
	}
}

// Await waits until every command's smartcard command has been read as committed.
func (l *Load) Await(ctx context.Context) error {
	err := l.meter.await(ctx, func() bool { return l.count >= l.plan.Commands })
	if err != nil {
		l.meter.mu.Lock()
		defer l.meter.mu.Unlock()
		return fmt.Errorf("%d of %d commands have their smartcard command: %w", l.count, l.plan.Commands, err)
	}
	return nil
}

// Spread returns dates that begin with first and follow each other at a rate a second, to the millisecond; at rate 0 all
// are the first.
func Spread(first time.Time, rate float64) func(i int) time.Time {
	first = first.Truncate(time.Millisecond)
	return func(i int) time.Time {
		if rate <= 0 {
			return first
		}
		return first.Add(time.Duration(float64(i) / rate * float64(time.Second))).Truncate(time.Millisecond)
	}
}
