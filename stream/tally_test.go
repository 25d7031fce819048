package stream_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardstream/record"
	"cardstream/stream"
)

// folder is the local disk of a process: a copy of each partition's changelog that it has ever had.
type folder struct {
	mu     sync.Mutex
	copies map[int32]*changelogCopy
}

// changelogCopy is complete up to a changelog offset. The newest handler of the partition has the lease on it.
type changelogCopy struct {
	rows     map[string]string
	position int64
	lease    *tally
}

func newFolder() *folder { return &folder{copies: map[int32]*changelogCopy{}} }

// clone is the folder as the end of its process leaves it.
func (f *folder) clone() *folder {
	f.mu.Lock()
	defer f.mu.Unlock()
	other := newFolder()
	for p, c := range f.copies {
		other.copies[p] = &changelogCopy{rows: maps.Clone(c.rows), position: c.position}
	}
	return other
}

// tally is a StatefulHandler for tests on a cluster: it numbers the records of its partition, and wakes for each
// wakeEvery-th one a little later. A number left out or given twice shows that a record was, too.
type tally struct {
	folder  *folder
	input   record.TopicPartition
	names   names
	changed map[string]*string // by key; nil: deleted
}

const (
	wakeEvery = 5
	wakeAfter = 20 * time.Millisecond
	totalKey  = "total"
	wakeKey   = "wake " // and the number: when it is to be woken
)

var errLeaseLost = errors.New("a newer handler has the lease")

func (f *folder) newTally(n names) stream.NewHandler {
	return func(_ context.Context, input record.TopicPartition) (stream.Handler, error) {
		h := &tally{folder: f, input: input, names: n, changed: map[string]*string{}}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.copies[input.Partition] == nil {
			f.copies[input.Partition] = &changelogCopy{rows: map[string]string{}}
		}
		f.copies[input.Partition].lease = h
		return h, nil
	}
}

// use calls do with the partition's copy, if the lease is still this handler's.
func (h *tally) use(do func(*changelogCopy)) error {
	h.folder.mu.Lock()
	defer h.folder.mu.Unlock()
	c := h.folder.copies[h.input.Partition]
	if c.lease != h {
		return errLeaseLost
	}
	do(c)
	return nil
}

func (h *tally) Close() { h.changed = nil }

func (h *tally) Committed(time.Time) {}

func (h *tally) Handle(_ context.Context, rec *record.Record, now time.Time, out []record.Record,
) ([]record.Record, error) {
	rows, err := h.rows()
	if err != nil {
		return out, err
	}
	number, _ := strconv.Atoi(rows[totalKey])
	number++
	h.set(totalKey, strconv.Itoa(number))
	if number%wakeEvery == 0 {
		h.set(wakeKey+strconv.Itoa(number), strconv.FormatInt(now.Add(wakeAfter).UnixNano(), 10))
	}
	return h.write(out, fmt.Sprintf("%d %s", number, rec.Value)), nil
}

func (h *tally) write(out []record.Record, value string) []record.Record {
	return append(out, record.Record{Topic: h.names.out, Partition: h.input.Partition, Value: []byte(value)})
}

func (h *tally) set(key, value string) { h.changed[key] = &value }

// rows are the rows as the step sees them.
func (h *tally) rows() (rows map[string]string, err error) {
	err = h.use(func(c *changelogCopy) { rows = h.over(c.rows) })
	return rows, err
}

// over returns rows with the step's changes.
func (h *tally) over(rows map[string]string) map[string]string {
	rows = maps.Clone(rows)
	for key, value := range h.changed {
		if value == nil {
			delete(rows, key)
		} else {
			rows[key] = *value
		}
	}
	return rows
}

// alarm is a number that is to be woken.
type alarm struct {
	number int
	at     time.Time
}

func (h *tally) alarms() ([]alarm, error) {
	rows, err := h.rows()
	if err != nil {
		return nil, err
	}
	var list []alarm
	for key, value := range rows {
		if text, ok := strings.CutPrefix(key, wakeKey); ok {
			number, _ := strconv.Atoi(text)
			at, _ := strconv.ParseInt(value, 10, 64)
			list = append(list, alarm{number, time.Unix(0, at)})
		}
	}
	slices.SortFunc(list, func(a, b alarm) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) })
	return list, nil
}

func (h *tally) Changelog() record.TopicPartition {
	return record.TopicPartition{Topic: h.names.state, Partition: h.input.Partition}
}

func (h *tally) Checkpoint(_ time.Time, start, end int64) (position int64, err error) {
	err = h.use(func(c *changelogCopy) {
		if c.position < start || c.position > end {
			c.rows, c.position = map[string]string{}, start
		}
		position = c.position
	})
	return position, err
}

func (h *tally) Restore(_ context.Context, records []record.Record) error {
	return h.use(func(c *changelogCopy) {
		for _, r := range records {
			if r.Value == nil {
				delete(c.rows, string(r.Key))
			} else {
				c.rows[string(r.Key)] = string(r.Value)
			}
		}
	})
}

func (h *tally) Restored(_ context.Context, _ time.Time, next int64) error {
	return h.use(func(c *changelogCopy) { c.position = next })
}

func (h *tally) Wake(_ context.Context, now, _ time.Time, limit int, out []record.Record,
) (_ []record.Record, more bool, err error) {
	alarms, err := h.alarms()
	if err != nil {
		return out, false, err
	}
	for _, a := range alarms {
		if a.at.After(now) {
			break
		}
		if limit--; limit < 0 {
			return out, true, nil
		}
		h.changed[wakeKey+strconv.Itoa(a.number)] = nil
		out = h.write(out, fmt.Sprintf("woke %d", a.number))
	}
	return out, false, nil
}

func (h *tally) NextWake() (time.Time, bool, error) {
	alarms, err := h.alarms()
	if err != nil || len(alarms) == 0 {
		return time.Time{}, false, err
	}
	return alarms[0].at, true, nil
}

func (h *tally) Flush(out []record.Record) ([]record.Record, error) {
	for _, key := range slices.Sorted(maps.Keys(h.changed)) {
		r := record.Record{Topic: h.names.state, Partition: h.input.Partition, Key: []byte(key)}
		if value := h.changed[key]; value != nil {
			r.Value = []byte(*value)
		}
		out = append(out, r)
	}
	return out, nil
}

func (h *tally) Apply(_ time.Time, next int64) error {
	return h.use(func(c *changelogCopy) {
		c.rows, c.position = h.over(c.rows), next
		clear(h.changed)
	})
}
