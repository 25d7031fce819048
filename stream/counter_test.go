package stream_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardstream/record"
	"cardstream/stream"
)

// counter is the StatefulHandler of these tests: it counts the records of each key, so that one handled twice, or not at
// all, is seen in all that follows. A record's value is when to be woken, once, after the world began.
type counter struct {
	*world
	overlay map[string]row // changed in this step
	order   []string       // of the changes
	handled int
}

// row is what is kept of a key.
type row struct {
	count int
	due   time.Duration // since the world began; 0: never
}

func (r row) String() string { return fmt.Sprintf("%d %s", r.count, r.due) }

func parseRow(s string) (r row) {
	count, due, _ := strings.Cut(s, " ")
	if _, err := fmt.Sscan(count, &r.count); err != nil {
		panic(err)
	}
	var err error
	if r.due, err = time.ParseDuration(due); err != nil {
		panic(err)
	}
	return r
}

// disk is what a counter keeps where it runs: rows, and from and up to which changelog offset they are complete.
type disk struct {
	rows           map[string]row
	from, position int64
}

func (w *world) newHandler(ctx context.Context, _ record.TopicPartition) (handler stream.Handler, err error) {
	err = w.call(ctx, "handler", func() error {
		c := &counter{world: w, overlay: map[string]row{}}
		if handler = c; w.stateless {
			handler = struct{ stream.Handler }{c}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handlers++
	return handler, nil
}

func (c *counter) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers--
	c.overlay = nil // to be used no more
}

func (c *counter) row(key string) row {
	if r, changed := c.overlay[key]; changed {
		return r
	}
	return c.disk.rows[key]
}

func (c *counter) change(key string, r row) {
	if _, changed := c.overlay[key]; !changed {
		c.order = append(c.order, key)
	}
	c.overlay[key] = r
}

func (c *counter) Foresee(records []record.Record) error {
	var keys []string
	for i := range records {
		keys = append(keys, string(records[i].Key))
	}
	return c.call(context.Background(), "foresee "+strings.Join(keys, " "), func() error { return nil })
}

func (c *counter) Handle(ctx context.Context, rec *record.Record, now time.Time, out []record.Record,
) (_ []record.Record, err error) {
	key := string(rec.Key)
	err = c.call(ctx, fmt.Sprintf("handle %s@%d", key, rec.Offset), func() error {
		r := c.row(key)
		r.count++
		if len(rec.Value) > 0 {
			if r.due, err = time.ParseDuration(string(rec.Value)); err != nil {
				return err
			}
		}
		c.change(key, r)
		c.handled++
		c.dated = now
		out = append(out, record.Record{Topic: "out", Value: fmt.Appendf(nil, "%s=%d", key, r.count)})
		return nil
	})
	return out, err
}

func (c *counter) Committed(time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted += c.handled
	c.handled = 0
}

func (c *counter) Changelog() record.TopicPartition { return changelogPartition }

func (c *counter) Checkpoint(_ time.Time, start, end int64) (position int64, err error) {
	err = c.call(context.Background(), fmt.Sprintf("checkpoint %d to %d", start, end), func() error {
		if c.disk.position < start || c.disk.position > end {
			c.disk = disk{rows: map[string]row{}, from: start, position: start}
		}
		position = c.disk.position
		return nil
	})
	return position, err
}

func (c *counter) Restore(ctx context.Context, records []record.Record) error {
	return c.call(ctx, fmt.Sprintf("restore %d", len(records)), func() error {
		for _, r := range records {
			c.disk.rows[string(r.Key)] = parseRow(string(r.Value))
		}
		return nil
	})
}

func (c *counter) Restored(ctx context.Context, _ time.Time, next int64) error {
	return c.call(ctx, fmt.Sprintf("restored %d", next), func() error {
		c.disk.position = next
		c.checkDisk()
		return nil
	})
}

// dues returns the keys that are to be woken, by time.
func (c *counter) dues() []string {
	keys := slices.Collect(maps.Keys(c.disk.rows))
	for key := range c.overlay {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return c.row(key).due == 0 })
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(c.row(a).due, c.row(b).due), cmp.Compare(a, b))
	})
	return keys
}

func (c *counter) Wake(ctx context.Context, due, now time.Time, limit int, out []record.Record,
) (_ []record.Record, more bool, err error) {
	name := "" // one that wakes nothing is no effect
	if at, scheduled, _ := c.next(); scheduled && !at.After(due) {
		name = fmt.Sprintf("wake %s", due.Sub(c.began))
		if now.After(due) {
			name += fmt.Sprintf(" at %s", now.Sub(c.began))
		}
	}
	err = c.call(ctx, name, func() error {
		if c.nudged() {
			c.nudge = nil
			out = append(out, record.Record{Topic: "out", Value: []byte("nudged")})
		}
		for _, key := range c.dues() {
			r := c.row(key)
			if c.began.Add(r.due).After(due) {
				return nil
			}
			if limit--; limit < 0 {
				more = true
				return nil
			}
			r.due = 0
			c.change(key, r)
			out = append(out, record.Record{Topic: "out", Value: []byte(key + " woke")})
		}
		return nil
	})
	return out, more, err
}

func (c *counter) next() (time.Time, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nextDue()
}

// Nudge implements stream.Nudged.
func (c *counter) Nudge() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nudge
}

func (c *counter) nextDue() (time.Time, bool, error) {
	if c.nudged() {
		return c.began, true, nil
	}
	if keys := c.dues(); len(keys) > 0 {
		return c.began.Add(c.row(keys[0]).due), true, nil
	}
	return time.Time{}, false, nil
}

func (c *counter) NextWake() (at time.Time, scheduled bool, err error) {
	err = c.call(context.Background(), "", func() error {
		at, scheduled, err = c.nextDue()
		return err
	})
	return at, scheduled, err
}

func (c *counter) Flush(out []record.Record) (_ []record.Record, err error) {
	err = c.call(context.Background(), "", func() error {
		for _, key := range c.order {
			out = append(out, record.Record{
				Topic: changelogPartition.Topic, Partition: changelogPartition.Partition,
				Key: []byte(key), Value: []byte(c.overlay[key].String()),
			})
		}
		return nil
	})
	return out, err
}

func (c *counter) Apply(_ time.Time, next int64) error {
	return c.call(context.Background(), fmt.Sprintf("apply %d", next), func() error {
		maps.Copy(c.disk.rows, c.overlay)
		clear(c.overlay)
		c.order = nil
		c.disk.position = next
		if !c.forgets {
			c.checkDisk()
		}
		return nil
	})
}
