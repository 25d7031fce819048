package store

import (
	"github.com/cockroachdb/pebble/v2"
)

// rows writes the rows of one partition's requests into a batch: a request's value and every index row of it. It is the
// one place that knows which rows a request has.
type rows struct {
	partition int32
	batch     *pebble.Batch
	line      []byte // what stands in the rows of lines; nil where nobody asks
	key, row  []byte // scratch
}

// insert writes all rows of a request that is not there.
func (w *rows) insert(number int64, next standing, value []byte) error {
	if err := w.setValue(number, next.place, value); err != nil {
		return err
	}
	if err := w.setPlace(number, next.place); err != nil {
		return err
	}
	if err := w.index(number, next); err != nil {
		return err
	}
	w.row = appendInt(w.row[:0], number)
	return w.batch.Set(w.commandKey(next), w.row, pebble.NoSync)
}

// replace turns the rows of old into those of next. The command that made a request never changes.
func (w *rows) replace(number int64, old, next standing, value []byte) error {
	if old.place != next.place {
		if err := w.deleteValue(number, old); err != nil {
			return err
		}
		if err := w.setPlace(number, next.place); err != nil {
			return err
		}
	}
	if err := w.setValue(number, next.place, value); err != nil {
		return err
	}
	if w.line == nil && old.state == next.state && old.due == next.due && old.immediate == next.immediate {
		return nil
	}
	if err := w.unindex(number, old); err != nil {
		return err
	}
	return w.index(number, next)
}

// delete deletes all rows of a request but that of its command, which may be another's by now: see deleteCommand.
func (w *rows) delete(number int64, old standing) error {
	if err := w.deleteValue(number, old); err != nil {
		return err
	}
	w.key = numberKey(w.key[:0], w.partition, number)
	if err := w.batch.Delete(w.key, pebble.NoSync); err != nil {
		return err
	}
	return w.unindex(number, old)
}

// deleteCommand deletes the row of a request's command.
func (w *rows) deleteCommand(old standing) error {
	return w.batch.Delete(w.commandKey(old), pebble.NoSync)
}

// index writes what a card's line is made of.
func (w *rows) index(number int64, s standing) error {
	if s.inLine() {
		w.key = lineKey(w.key[:0], w.partition, s.card, s.entry(number))
		if err := w.batch.Set(w.key, w.line, pebble.NoSync); err != nil {
			return err
		}
	}
	if s.urgent() {
		w.key = urgentKey(w.key[:0], w.partition, s.card, number)
		return w.batch.Set(w.key, nil, pebble.NoSync)
	}
	return nil
}

// unindex is the reverse of index.
func (w *rows) unindex(number int64, s standing) error {
	if s.inLine() {
		w.key = lineKey(w.key[:0], w.partition, s.card, s.entry(number))
		if err := w.batch.Delete(w.key, pebble.NoSync); err != nil {
			return err
		}
	}
	if s.urgent() {
		w.key = urgentKey(w.key[:0], w.partition, s.card, number)
		return w.batch.Delete(w.key, pebble.NoSync)
	}
	return nil
}

func (w *rows) setValue(number int64, at Place, value []byte) error {
	w.key = valueKey(w.key[:0], w.partition, position{at, number})
	return w.batch.Set(w.key, value, pebble.NoSync)
}

func (w *rows) deleteValue(number int64, old standing) error {
	w.key = valueKey(w.key[:0], w.partition, position{old.place, number})
	return w.batch.DeleteSized(w.key, old.size, pebble.NoSync)
}

func (w *rows) setPlace(number int64, at Place) error {
	w.key = numberKey(w.key[:0], w.partition, number)
	w.row = appendPlace(w.row[:0], at)
	return w.batch.Set(w.key, w.row, pebble.NoSync)
}

func (w *rows) setMeta(m *meta) error {
	w.key, w.row = metaKey(w.key[:0], w.partition), m.append(w.row[:0])
	return w.batch.Set(w.key, w.row, pebble.NoSync)
}

func (w *rows) commandKey(s standing) []byte {
	w.key = commandKey(w.key[:0], w.partition, s.card, s.source, s.commandID)
	return w.key
}
