package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/producer"
	"cardstream/record"
	"cardstream/stream"
)

var (
	inputPartition     = record.TopicPartition{Topic: "input", Partition: 3}
	changelogPartition = record.TopicPartition{Topic: "state", Partition: 3}
)

// world is everything that outlives a task, in memory: the logs of a cluster, what a group has committed, and a local
// disk. It writes down, in order, each call that a task makes and that has an effect, and can make any call fail.
//
// A world begins, and its tasks run, within one synctest bubble.
type world struct {
	t       *testing.T
	config  stream.Config
	metrics *prometheus.Registry
	began   time.Time

	mu        sync.Mutex
	input     memLog
	changelog memLog
	outputs   []string // committed records of other topics
	committed int64    // the group's offset of the input; -1: none
	disk      disk
	handlers  int       // made and not closed
	dated     time.Time // the time that the last record was handled at
	counted   int       // records of which the handler was told that they are committed

	script []string
	calls  int
	mishap mishap
	hit    bool
	kill   context.CancelFunc // of the running task

	stateless bool                                               // the handler remembers nothing
	observed  func() time.Time                                   // when the leader has last answered; nil: now
	nudge     chan struct{}                                      // closed: the handler is to look again
	broker    func() time.Time                                   // the brokers' clock; nil: none is told
	late      bool                                               // markers of the last transaction hold up this one
	doubtful  bool                                               // the last transaction may be open somewhere
	forgets   bool                                               // the brokers do not tell offsets of the changelog
	before    func(ctx context.Context, call string) (err error) // runs, unlocked, in front of a call; may be nil
}

// mishap makes one call fail, counted from 0.
type mishap struct {
	call  int
	after bool // after it took effect, which nobody hears of
	kill  bool // and the process with it: the task is dropped
}

var errInjected = errors.New("injected")

func newWorld(t *testing.T) *world {
	c := stream.DefaultConfig()
	c.Stage, c.Group = "stage", "group"
	metrics := prometheus.NewRegistry()
	c.Metrics = stream.NewMetrics(metrics)
	c.Log = slog.New(slog.DiscardHandler)
	return &world{
		t: t, config: c, metrics: metrics, began: time.Now(), committed: -1, mishap: mishap{call: -1},
		disk: disk{rows: map[string]row{}},
	}
}

// call is a call of the task under test: it fails if that was asked for, else effect happens. name goes to the script
// unless it is empty.
func (w *world) call(ctx context.Context, name string, effect func() error) error {
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before != nil {
		if err := before(ctx, name); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if name != "" {
		w.script = append(w.script, name)
	}
	hit := w.calls == w.mishap.call
	w.calls++
	if hit {
		w.hit = true
		if w.mishap.kill {
			w.kill()
		}
		if !w.mishap.after {
			return errInjected
		}
	}
	err := effect()
	if hit && err == nil {
		err = errInjected
	}
	return err
}

// nudged reports whether somebody has nudged the handler. mu is held.
func (w *world) nudged() bool {
	select {
	case <-w.nudge:
		return true
	default:
		return false
	}
}

// append adds committed records, "key" or "key duration", to the input. One with a duration asks to be woken so long
// after the world began.
func (w *world) append(records ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		key, value, _ := strings.Cut(r, " ")
		w.input.append(entry{key: key, value: value})
	}
}

// appendAborted adds records that no reader of committed records sees.
func (w *world) appendAborted(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.input.append(entry{passedOver: true})
	}
}

// end is the end of the input.
func (w *world) end() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.input.end()
}

// committedOffset is the group's.
func (w *world) committedOffset() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.committed
}

// markersLate says whether the transaction in hand was held up by markers.
func (w *world) markersLate(late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = late
}

// setDoubtful makes the last transaction one that may be open somewhere.
func (w *world) setDoubtful() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubtful = true
}

// setObserved changes when the leader has last answered.
func (w *world) setObserved(at func() time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observed = at
}

// setNudge gives the handler another channel to be nudged by.
func (w *world) setNudge(nudge chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nudge = nudge
}

// setBroker changes the brokers' clock.
func (w *world) setBroker(clock func() time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broker = clock
}

// slow makes calls whose names begin so take a time, or as long as their context lives.
func (w *world) slow(call string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = func(ctx context.Context, name string) error {
		if d == 0 || !strings.HasPrefix(name, call) {
			return nil
		}
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// run is a running task.
type run struct {
	*stream.Task
	world       *world
	drain, drop context.CancelFunc
	ended       chan struct{}
}

// start runs a task, until the test's end at the latest, and waits until there is nothing left to do at once.
func (w *world) start() *run {
	ctx, drop := context.WithCancel(context.Background())
	wanted, drain := context.WithCancel(ctx)
	w.kill = drop
	r := &run{
		Task:  stream.NewTask(w.config, inputPartition, w.kafka(), transactor{w}, membership{w}, w.newHandler),
		world: w, drop: drop, drain: drain, ended: make(chan struct{}),
	}
	go func() {
		defer close(r.ended)
		r.Run(ctx, wanted)
	}()
	w.t.Cleanup(r.end)
	synctest.Wait()
	return r
}

// end drains the task, and makes sure that it has given back what it held.
func (r *run) end() {
	r.world.t.Helper()
	r.drain()
	<-r.ended
	r.drop()
	w := r.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if readers := len(w.input.readers) + len(w.changelog.readers); readers > 0 {
		w.t.Errorf("the task has ended, and %d readers are open", readers)
	}
	if w.handlers > 0 {
		w.t.Errorf("the task has ended, and %d handlers are not closed", w.handlers)
	}
}

// status is what the task's board says: its state and detail.
func (r *run) status() (stream.State, string) {
	list := r.Status()
	if len(list) != 1 {
		return "", ""
	}
	return list[0].State, list[0].Detail
}

// takeScript returns what was written down since it was last called.
func (w *world) takeScript() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	script := w.script
	w.script = nil
	return script
}

func (w *world) wantScript(want ...string) {
	w.t.Helper()
	if got := w.takeScript(); !slices.Equal(got, want) {
		w.t.Errorf("effects\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantOutputs checks what has been committed, and the offset with it.
func (w *world) wantOutputs(offset int64, want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.outputs, want) {
		w.t.Errorf("outputs %q, want %q", w.outputs, want)
	}
	if w.committed != offset {
		w.t.Errorf("committed offset %d, want %d", w.committed, offset)
	}
}

// gauge returns the value of a gauge without labels.
func (w *world) gauge(name string) float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	w.t.Fatalf("no gauge %s", name)
	return 0
}

// checkDisk makes sure that the disk is what the changelog says up to the disk's position: never ahead, never other.
func (w *world) checkDisk() {
	w.t.Helper()
	rows := map[string]row{}
	for _, e := range w.changelog.entries[w.disk.from:w.disk.position] {
		if !e.passedOver {
			rows[e.key] = parseRow(e.value)
		}
	}
	if !maps.Equal(rows, w.disk.rows) {
		w.t.Errorf("disk at %d holds %v, but the changelog %v", w.disk.position, w.disk.rows, rows)
	}
}

// transactor is the world's transactional producer.
type transactor struct{ *world }

func (w transactor) Init(ctx context.Context) error {
	return w.call(ctx, "init", func() error { return nil })
}

func (w transactor) Doubtful() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.doubtful
}

func (w transactor) Settle(ctx context.Context) error {
	return w.call(ctx, "settle", func() error {
		w.doubtful = false
		return nil
	})
}

func (w transactor) Barrier(ctx context.Context, tx producer.Transaction) (result producer.Result, err error) {
	err = w.call(ctx, fmt.Sprintf("barrier %v", offsetOf(tx)), func() error {
		result = w.result(w.changelog.end())
		w.changelog.append(entry{passedOver: true}, entry{passedOver: true}) // and its marker
		return nil
	})
	return result, err
}

func (w transactor) Commit(ctx context.Context, tx producer.Transaction) (result producer.Result, err error) {
	var values []string
	for _, r := range tx.Records {
		values = append(values, r.Topic+":"+string(r.Value))
	}
	err = w.call(ctx, fmt.Sprintf("commit %v %s", values, offsetOf(tx)), func() error {
		wrote := false
		for _, r := range tx.Records {
			if r.TopicPartition() == changelogPartition {
				result, wrote = w.result(w.changelog.end()), true
				w.changelog.append(entry{key: string(r.Key), value: string(r.Value)})
				continue
			}
			w.outputs = append(w.outputs, string(r.Value))
		}
		if wrote {
			w.changelog.append(entry{passedOver: true})
		}
		if offset, ok := tx.Offsets[inputPartition]; ok {
			w.committed = offset
		}
		result.MarkersLate = w.late
		return nil
	})
	return result, err
}

// result is that of a transaction whose last changelog record has this offset.
func (w transactor) result(last int64) producer.Result {
	if w.forgets {
		last = producer.UnknownOffset
	}
	r := producer.Result{LastOffsets: map[record.TopicPartition]int64{changelogPartition: last}}
	if w.broker != nil {
		r.AppendTime = w.broker().UnixMilli()
	}
	return r
}

func offsetOf(tx producer.Transaction) string {
	if offset, ok := tx.Offsets[inputPartition]; ok {
		return fmt.Sprintf("offset %d", offset)
	}
	return "no offset"
}

// membership is the world's group.
type membership struct{ *world }

func (membership) Current() (string, int32) { return "member", 1 }

func (membership) AfterRefusal(context.Context, int32) (string, int32, error) {
	return "", 0, errors.New("nobody refuses here")
}

func (w membership) Confirm(ctx context.Context) error {
	return w.call(ctx, "confirm", func() error { return nil })
}

func (w *world) kafka() stream.Kafka {
	return stream.Kafka{
		Open: func(tp record.TopicPartition, offset int64) stream.Source {
			// Opening does no I/O, and cannot fail: what is wrong is told by Take.
			w.mu.Lock()
			defer w.mu.Unlock()
			w.script = append(w.script, fmt.Sprintf("open %s %d", tp.Topic, offset))
			return w.log(tp).open(w, tp, offset)
		},
		Committed: func(ctx context.Context, tp record.TopicPartition) (offset int64, found bool, err error) {
			err = w.call(ctx, "committed", func() error {
				offset, found = w.committed, w.committed >= 0
				return nil
			})
			return offset, found, err
		},
		Start: func(ctx context.Context, tp record.TopicPartition) (offset int64, err error) {
			err = w.call(ctx, "start "+tp.Topic, func() error {
				offset = w.log(tp).start
				return nil
			})
			return offset, err
		},
		End: func(ctx context.Context, tp record.TopicPartition) (offset int64, err error) {
			err = w.call(ctx, "end "+tp.Topic, func() error {
				offset = w.log(tp).end()
				return nil
			})
			return offset, err
		},
	}
}

func (w *world) log(tp record.TopicPartition) *memLog {
	if tp == changelogPartition {
		return &w.changelog
	}
	return &w.input
}
