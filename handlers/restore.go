package handlers

import (
	"context"
	"fmt"
	"time"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/store"
)

// Changelog implements stream.StatefulHandler.
func (d *Dispatch) Changelog() record.TopicPartition {
	return record.TopicPartition{Topic: d.names.state, Partition: d.partition}
}

// Checkpoint implements stream.StatefulHandler. Local state of another cluster or topic, of a changelog that is shorter
// than it or begins only behind it, or so old that it may have missed a tombstone, is wiped.
func (d *Dispatch) Checkpoint(now time.Time, start, end int64) (int64, error) {
	c, found, err := d.store.Checkpoint()
	if err != nil {
		return 0, err
	}
	age := now.Sub(c.CaughtUpAt.Time())
	if !found || c.ClusterID != d.Identity.ClusterID || c.TopicID != d.Identity.TopicID ||
		c.Position < start || c.Position > end || age > d.Identity.MaxAge {
		if err := d.store.Wipe(); err != nil {
			return 0, err
		}
		c.Position, c.Silence = start, 0
	}
	d.gate.hold.silence = int32(c.Silence)
	if d.restoring, err = d.store.Restore(natural); err != nil {
		return 0, err
	}
	return c.Position, nil
}

// Restore implements stream.StatefulHandler.
func (d *Dispatch) Restore(ctx context.Context, records []record.Record) error {
	for i := range records {
		if err := d.restore(ctx, &records[i]); err != nil {
			return fmt.Errorf("changelog offset %d: %w", records[i].Offset, err)
		}
	}
	return nil
}

func (d *Dispatch) restore(ctx context.Context, rec *record.Record) error {
	number, err := provisioning.ParseRequestNumber(string(rec.Key))
	if err != nil || number.Partition != d.partition {
		return &foreignStateError{partition: d.partition}
	}
	if rec.Value == nil {
		return d.restoring.Delete(number.Offset)
	}
	r, err := d.Schemas.State.Decode(ctx, rec.Value)
	if err != nil {
		return fmt.Errorf("decode request %s: %w", number, err)
	}
	d.gate.hold.silence = r.Silence
	return d.restoring.Put(&r, rec.Value)
}

// Restored implements stream.StatefulHandler.
func (d *Dispatch) Restored(ctx context.Context, now time.Time, next int64) error {
	if !d.Policy.Results {
		d.gate.hold.silence = 0
	}
	d.gate.hold.wait(provisioning.TimestampOf(now)) // the headend has just been asked, if anybody held
	d.kept = d.checkpoint(now, next)
	err := d.restoring.Finish(ctx, d.kept)
	d.restoring = nil
	d.tellOfHold()
	return err
}

// Apply implements stream.StatefulHandler.
func (d *Dispatch) Apply(now time.Time, next int64) error {
	return d.keep(d.checkpoint(now, next))
}

// keep makes the step's changes in the local state.
func (d *Dispatch) keep(at store.Checkpoint) error {
	if d.overlay == nil {
		return nil // nothing was handled or woken
	}
	overlay := d.overlay
	d.overlay, d.moved, d.kept = nil, false, at
	return overlay.Apply(at)
}

// checkpoint says that local state is as new as the changelog up to next.
func (d *Dispatch) checkpoint(now time.Time, next int64) store.Checkpoint {
	return store.Checkpoint{
		ClusterID: d.Identity.ClusterID, TopicID: d.Identity.TopicID,
		Position: next, CaughtUpAt: provisioning.TimestampOf(now), Silence: int64(d.gate.hold.silence),
	}
}

// foreignStateError says that somebody else writes to provisioning.state.
type foreignStateError struct{ partition int32 }

func (e *foreignStateError) Error() string {
	return fmt.Sprintf("a record whose key is no request number of partition %d: somebody else writes to provisioning.state",
		e.partition)
}

// StopsTask tells the machine that trying again cannot help.
func (e *foreignStateError) StopsTask() bool { return true }
