package handlers_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cardstream/handlers"
	"cardstream/record"
	"cardstream/store"
)

// stopsTask reports whether err says that trying again cannot help.
func stopsTask(err error) bool {
	stopper, ok := errors.AsType[interface {
		error
		StopsTask() bool
	}](err)
	return ok && stopper.StopsTask()
}

// A topic that was made anew gives numbers again that its state knows with other content: nobody can tell what is true.
func TestRecreatedTopicStopsTheTask(t *testing.T) {
	w := openWorld(t, diskKept)
	w.do(t, "command "+good)
	d := w.dispatch[0]
	entries := w.logs[record.TopicPartition{Topic: w.topics.Requests(), Partition: 0}]
	if len(entries) != 1 {
		t.Fatalf("%d entries in partition 0", len(entries))
	}
	again := entries[0]
	other := w.record("command", strings.Replace(good, `"bad"`, `"another"`, 1))
	out, err := w.intake.Handle(t.Context(), &other, w.now.Time(), nil)
	if err != nil || len(out) != 1 {
		t.Fatalf("%d records, %v", len(out), err)
	}
	again.Value = out[0].Value
	if _, err := d.handler.Handle(t.Context(), &again, w.now.Time(), nil); !stopsTask(err) || !strings.Contains(err.Error(), "0-0") {
		t.Errorf("error %v, want one that stops the task and names the request", err)
	}
}

// Somebody else's record in the changelog stops the partition, before it does harm.
func TestForeignStateStopsTheTask(t *testing.T) {
	w := openWorld(t, diskKept)
	for _, key := range []string{"", "x", "1-0", "0-00"} {
		h, err := w.restoring(0)
		if err != nil {
			t.Fatal(err)
		}
		err = h.Restore(t.Context(), []record.Record{{Topic: w.topics.State(), Key: []byte(key), Offset: 7}})
		if !stopsTask(err) || !strings.Contains(err.Error(), "offset 7") {
			t.Errorf("key %q: error %v, want one that stops the task and names the offset", key, err)
		}
		h.Close()
	}
}

// restoring is a partition's handler that has begun a restore.
func (w *world) restoring(partition int32) (*handlers.Dispatch, error) {
	lease, err := w.stored.Lease(partition)
	if err != nil {
		return nil, err
	}
	h := handlers.NewDispatch(w.config, partition, lease)
	_, err = h.Checkpoint(w.now.Time(), 0, 0)
	return h, err
}

// Local state that cannot be a copy of this changelog, or is too old to be sure, is wiped; else it is gone on with.
func TestCheckpoint(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		start  int64
		end    int64
		want   int64
	}{
		"the same":               {func(*world) {}, 0, 1, 1},
		"the changelog goes on":  {func(*world) {}, 0, 9, 1},
		"another cluster":        {func(w *world) { w.config.Identity.ClusterID = "other" }, 0, 1, 0},
		"another topic":          {func(w *world) { w.config.Identity.TopicID = "other" }, 0, 1, 0},
		"a shorter changelog":    {func(*world) {}, 0, 0, 0},
		"it begins where we end": {func(*world) {}, 1, 9, 1},
		"it begins behind us":    {func(*world) {}, 2, 9, 2},
		"as old as it may be":    {func(w *world) { w.now = w.now.Add(12 * time.Hour) }, 0, 1, 1},
		"too old":                {func(w *world) { w.now = w.now.Add(12*time.Hour + time.Millisecond) }, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWorld(t, diskKept)
			w.do(t, "command "+good)
			c.change(w)
			lease, err := w.stored.Lease(0)
			if err != nil {
				t.Fatal(err)
			}
			h := handlers.NewDispatch(w.config, 0, lease)
			defer h.Close()
			position, err := h.Checkpoint(w.now.Time(), c.start, c.end)
			if err != nil || position != c.want {
				t.Errorf("replay begins at %d, %v, want %d", position, err, c.want)
			}
			if all := lease.Counts().All(); (all == 0) != (c.want != 1) {
				t.Errorf("%d requests are still there", all)
			}
		})
	}
}

// A life of the handler that has ended writes nothing any more.
func TestLostLease(t *testing.T) {
	w := openWorld(t, diskKept)
	old := w.dispatch[0].handler
	if _, err := w.stored.Lease(0); err != nil {
		t.Fatal(err)
	}
	if err := old.Apply(w.now.Time(), 1); err != nil { // nothing in hand
		t.Fatal(err)
	}
	if _, _, err := old.Wake(t.Context(), w.now.Time(), w.now.Time(), 1, nil); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("error %v, want %v", err, store.ErrLeaseLost)
	}
}
