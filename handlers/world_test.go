package handlers_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"

	"cardstream/handlers"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
	"cardstream/store"
)

// start is when every script begins.
const start provisioning.Timestamp = 1798761600000 // 2027-01-01T00:00:00Z

// partitions of every topic that has the same number of them.
const partitions = 2

// world is Kafka and the machine, as far as the handlers can tell: logs, committed positions, transactions that are
// kept or dropped, and a process that can end between any two steps.
type world struct {
	t        *testing.T
	topics   schemas.Topics
	now      provisioning.Timestamp
	behind   time.Duration // how far before now the state is woken
	logs     map[record.TopicPartition][]record.Record
	intake   *handlers.Intake
	dispatch []*dispatcher
	config   handlers.DispatchConfig
	registry *prometheus.Registry
	schemas  *schemas.Set
	foreign  *schemas.Foreign
	stored   *store.Store
	mishap   mishap
	pins     pins

	everything bool // show whole records
	short      bool // show what the outside sees, in a few words

	control  *control
	leases   [partitions]*store.Partition
	observe  func(*record.Record) // sees each record that is committed; nil: nobody
	memory   bool                 // the store is on no real disk
	cards    int                  // made up so far
	answered int                  // of the commands of partition 0
}

// mishap is what befalls the process at every step. Whatever it is, the same must come out.
type mishap int

const (
	noMishap     mishap = iota
	diskKept            // it ends after each step, and finds its disk
	diskLost            // it ends after each step, and finds an empty disk
	beforeApply         // it ends after each commit, before the step is in the store
	beforeCommit        // each step is done, lost before its commit, and done again by another process
)

// dispatcher is one partition's task.
type dispatcher struct {
	handler  *handlers.Dispatch
	position int // the committed offset in provisioning.requests
}

func openWorld(t *testing.T, m mishap) *world {
	t.Helper()
	w := &world{
		t: t, now: start, logs: make(map[record.TopicPartition][]record.Record), mishap: m,
		control:  &control{changed: make(chan struct{})},
		registry: prometheus.NewRegistry(), dispatch: make([]*dispatcher, partitions),
	}
	registry, set := MustOpenRegistry(t, w.topics)
	w.schemas, w.foreign = set, set.Foreign(registry)
	rules, err := provisioning.NewRules("[A-Z]{8}", provisioning.DefaultHorizon)
	if err != nil {
		t.Fatal(err)
	}
	letters := handlers.DeadLetters{Topics: w.topics, Partitions: 1, MostBytes: 64 << 10}
	metrics := handlers.NewMetrics(w.registry)
	w.intake = handlers.NewIntake(handlers.IntakeConfig{
		Topics: w.topics, Partitions: partitions, Schemas: set, Foreign: w.foreign, Rules: rules,
		DeadLetters: letters, Metrics: metrics,
	})
	w.config = handlers.DispatchConfig{
		Topics: w.topics, Schemas: set, DeadLetters: letters, Metrics: metrics,
		Policy: provisioning.Policy{
			Timeout: provisioning.DefaultTimeout, Attempts: provisioning.DefaultAttempts,
			Retention: provisioning.DefaultRetention,
			RetryMin:  provisioning.DefaultRetryMin, RetryMax: provisioning.DefaultRetryMax,
			ProbeEvery: provisioning.DefaultProbeEvery,
		},
		Clock:   func() time.Time { return w.now.Time() },
		Control: w.control, Partitions: partitions,
		Identity: handlers.Identity{ClusterID: "cluster", TopicID: "topic", MaxAge: 12 * time.Hour},
	}
	for p := range w.dispatch {
		w.dispatch[p] = &dispatcher{}
	}
	w.begin()
	t.Cleanup(w.end)
	return w
}

// renew makes a world in which nothing has happened yet, on no real disk.
func (w *world) renew() {
	w.t.Helper()
	w.end()
	w.memory, w.observe = true, nil
	w.now, w.logs = start, make(map[record.TopicPartition][]record.Record)
	w.control.set(provisioning.RunControl{})
	for _, d := range w.dispatch {
		d.position = 0
	}
	w.begin()
}

// begin starts the process: it opens the store, and takes every partition over.
func (w *world) begin() {
	w.t.Helper()
	if w.stored == nil {
		options := store.Options{Decode: func(b []byte) (provisioning.Request, error) {
			return w.schemas.State.Decode(context.Background(), b)
		}}
		dir := w.t.TempDir()
		if w.memory || w.mishap != noMishap { // one on the real disk is enough
			options.FS, dir = vfs.NewMem(), "store"
		}
		var err error
		if w.stored, err = store.Open(dir, options); err != nil {
			w.t.Fatal(err)
		}
	}
	for p := range w.dispatch {
		w.takeOver(int32(p))
	}
}

// takeOver leases a partition and replays its changelog, in two parts.
func (w *world) takeOver(partition int32) {
	w.t.Helper()
	lease, err := w.stored.Lease(partition)
	if err != nil {
		w.t.Fatal(err)
	}
	w.leases[partition] = lease
	h := handlers.NewDispatch(w.config, partition, lease)
	log := w.logs[h.Changelog()]
	position, err := h.Checkpoint(w.now.Time(), 0, int64(len(log)))
	if err != nil {
		w.t.Fatal(err)
	}
	rest := log[position:]
	for _, part := range [][]record.Record{rest[:len(rest)/2], rest[len(rest)/2:]} {
		if err := h.Restore(w.t.Context(), part); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := h.Restored(w.t.Context(), w.now.Time(), int64(len(log))); err != nil {
		w.t.Fatal(err)
	}
	w.dispatch[partition].handler = h
}

// end ends the process.
func (w *world) end() {
	for _, d := range w.dispatch {
		d.handler.Close()
	}
	if w.stored != nil {
		if err := w.stored.Close(); err != nil {
			w.t.Error(err)
		}
		w.stored = nil
	}
}

// restart ends the process and starts another one.
func (w *world) restart(loseDisk bool) {
	w.t.Helper()
	if loseDisk {
		w.end()
	} else {
		for _, d := range w.dispatch {
			d.handler.Close()
		}
	}
	w.begin()
}

// append puts a record at the end of its log, as a broker does.
func (w *world) append(r record.Record) *record.Record {
	tp := r.TopicPartition()
	r.Offset, r.Timestamp = int64(len(w.logs[tp])), int64(w.now)
	w.logs[tp] = append(w.logs[tp], r)
	return &w.logs[tp][r.Offset]
}

// commit puts a step's records into their logs.
func (w *world) commit(out []record.Record) []string {
	w.t.Helper()
	var shown []string
	for _, r := range out {
		w.append(r)
		w.pins.check(w, &r)
		if w.observe != nil {
			w.observe(&r)
			continue
		}
		if !w.short {
			shown = append(shown, w.show(&r))
		} else if line := w.shorten(&r); line != "" {
			shown = append(shown, line)
		}
	}
	return shown
}

// read lets intake handle a record that others wrote.
func (w *world) read(r record.Record) []string {
	w.t.Helper()
	rec := w.append(r)
	out, err := w.intake.Handle(w.t.Context(), rec, w.now.Time(), nil)
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	shown := w.commit(out)
	w.intake.Committed(w.now.Time())
	return shown
}

// step is one step of every partition that has something to do: its entries, then what is due if it wakes.
func (w *world) step(limit int) []string {
	w.t.Helper()
	var shown []string
	for p := range w.dispatch {
		for steps, more := 0, true; more; steps++ {
			if steps > 100 {
				w.t.Fatal("waking has no end")
			}
			var out []string
			out, more = w.stepOf(int32(p), limit)
			shown = append(shown, out...)
		}
	}
	return shown
}

// stepOf is one step of a partition, and what befalls it.
func (w *world) stepOf(partition int32, limit int) (shown []string, more bool) {
	w.t.Helper()
	if w.mishap == beforeCommit {
		if _, _, err := w.work(partition, limit); err == nil {
			w.restart(false)
		}
	}
	d := w.dispatch[partition]
	out, more, err := w.work(partition, limit)
	if err != nil {
		w.restart(false)
		return []string{"error: " + err.Error()}, false
	}
	shown = w.commit(out)
	d.position = len(w.logs[record.TopicPartition{Topic: w.topics.Requests(), Partition: partition}])
	if w.mishap != beforeApply {
		next := len(w.logs[d.handler.Changelog()])
		if err := d.handler.Apply(w.now.Time(), int64(next)); err != nil {
			w.t.Fatal(err)
		}
	}
	d.handler.Committed(w.now.Time())
	if w.mishap != noMishap {
		w.restart(w.mishap == diskLost)
	}
	return shown, more
}

// work is what a step leads to, before anything of it is committed. A limit of none does not wake.
func (w *world) work(partition int32, limit int) (out []record.Record, more bool, err error) {
	d := w.dispatch[partition]
	entries := w.logs[record.TopicPartition{Topic: w.topics.Requests(), Partition: partition}][d.position:]
	if err := d.handler.Foresee(entries); err != nil {
		return nil, false, err
	}
	for i := range entries {
		if out, err = d.handler.Handle(w.t.Context(), &entries[i], w.now.Time(), out); err != nil {
			return nil, false, err
		}
	}
	if limit > 0 {
		if out, more, err = d.handler.Wake(w.t.Context(), w.now.Time().Add(-w.behind), w.now.Time(), limit, out); err != nil {
			return nil, false, err
		}
	}
	out, err = d.handler.Flush(slices.Clip(out))
	return out, more, err
}

// nextWakes says when each partition has something to do next.
func (w *world) nextWakes() []string {
	w.t.Helper()
	var shown []string
	for p, d := range w.dispatch {
		at, found, err := d.handler.NextWake()
		if err != nil {
			w.t.Fatal(err)
		}
		if found {
			shown = append(shown, "next wake of "+string(rune('0'+p))+": "+provisioning.TimestampOf(at).String())
		}
	}
	return shown
}
