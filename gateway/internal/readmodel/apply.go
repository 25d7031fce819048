package readmodel

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// change is what a record of the topic says: the request as it now is, or nil where it is forgotten.
type change struct {
	number  provisioning.RequestNumber
	request *provisioning.Request
}

// Apply takes over records of one partition, in their order, and the position behind them: wholly or not at all. It
// waits while a schema must be asked for and the registry is away, as long as ctx lives.
func (m *Model) Apply(ctx context.Context, partition int32, records []record.Record, c Checkpoint) error {
	changes, err := m.read(ctx, records)
	if err != nil {
		return err
	}
	batch := m.db.NewBatch()
	defer func() { _ = batch.Close() }() // its memory; what it holds was committed or never will be
	for _, change := range changes {
		if err := m.put(batch, change); err != nil {
			return err
		}
	}
	if err := batch.Set(partitionKey(partition), c.encoded(), nil); err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	m.wake(changes)
	return nil
}

// read decodes records, and returns the last change of each request: the ones before it nobody could look up.
func (m *Model) read(ctx context.Context, records []record.Record) ([]change, error) {
	var changes []change
	at := make(map[provisioning.RequestNumber]int, len(records))
	for i := range records {
		if isBarrier(&records[i]) {
			continue
		}
		c, err := m.decode(ctx, &records[i])
		if bad, ok := errors.AsType[*schemas.Error](err); ok {
			// Somebody else writes there. It stops the partition's own reader, which needs all of it; a look-up does not.
			m.Logger.Error("a record of the state topic cannot be read and is not shown",
				"partition", records[i].TopicPartition().String(), "offset", records[i].Offset, "error", bad)
			continue
		}
		if err != nil {
			return nil, err
		}
		if before, again := at[c.number]; again {
			changes[before] = c
			continue
		}
		at[c.number] = len(changes)
		changes = append(changes, c)
	}
	return changes, nil
}

// isBarrier reports whether a record is a mark that dispatch's tasks leave when they take a partition over.
func isBarrier(r *record.Record) bool { return r.Value == nil && string(r.Key) == "barrier" }

func (m *Model) decode(ctx context.Context, r *record.Record) (change, error) {
	number, err := provisioning.ParseRequestNumber(string(r.Key))
	if err != nil {
		return change{}, &schemas.Error{Code: schemas.KindUnknown, Message: "the key is no request number"}
	}
	if r.Value == nil {
		return change{number: number}, nil
	}
	request, err := m.State.Decode(ctx, r.Value)
	if err != nil {
		return change{}, err
	}
	if m.Saw != nil {
		m.Saw(&request)
	}
	request.NewPIN = provisioning.PIN{}
	return change{number, &request}, nil
}

// put replaces what was known of a request by what is known now.
func (m *Model) put(batch *pebble.Batch, c change) error {
	before, err := m.Get(c.number)
	if err != nil {
		return err
	}
	stale := make(map[string]bool)
	if before != nil {
		for _, key := range indexKeys(before) {
			stale[string(key)] = true
		}
	}
	var errs []error
	if c.request != nil {
		for _, key := range indexKeys(c.request) {
			if !stale[string(key)] {
				errs = append(errs, batch.Set(key, nil, nil))
			}
			delete(stale, string(key))
		}
	} else if before != nil {
		stale[string(requestKey(c.number))] = true
	}
	for key := range stale {
		errs = append(errs, batch.Delete([]byte(key), nil))
	}
	if c.request != nil {
		value, err := m.State.Append(nil, c.request)
		errs = append(errs, err, batch.Set(requestKey(c.number), value, nil))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("read model: put request %s: %w", c.number, err)
	}
	return nil
}

// wake tells those who wait for one of the requests.
func (m *Model) wake(changes []change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		if w, ok := m.waiting[c.number]; ok {
			close(w.changed)
			delete(m.waiting, c.number)
		}
	}
}
