package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardstream/consumer"
	"cardstream/producer"
	"cardstream/record"
)

// takeOver makes this process the partition's only writer and brings the task to where its former owner left off. The
// order of its lines is what correctness rests on; doc.go says why.
func (t *task) takeOver(ctx context.Context) error {
	t.board.set(t.input, Starting, "", t.Clock())
	if err := t.membership.Confirm(ctx); err != nil {
		return fmt.Errorf("confirm membership: %w", err)
	}
	if err := t.writer.Init(ctx); err != nil {
		return fmt.Errorf("init producer id: %w", err)
	}
	offset, err := t.startOffset(ctx)
	if err != nil {
		return err
	}
	handler, err := t.newHandler(ctx)
	if err != nil {
		return fmt.Errorf("make handler: %w", err)
	}
	t.handler = handler
	if stateful, ok := handler.(StatefulHandler); ok {
		t.stateful = stateful
		if err := t.restore(ctx, offset); err != nil {
			return fmt.Errorf("restore %s: %w", stateful.Changelog(), err)
		}
	}
	t.guard = wakeGuard{fresh: t.ObservationAge}
	t.spacing = newSpacing(t.Linger)
	t.position.Store(offset)
	if t.committed < 0 {
		// What was chosen is chosen once: a task that begins again before its first step must not choose anew.
		if err := t.commitPosition(ctx); err != nil {
			return err
		}
	}
	t.source = t.kafka.open(t.input, offset)
	source := t.source
	t.Metrics.lag.add(t.input, lagSource{
		position: t.position.Load,
		observed: func() (int64, int64, bool) {
			o := source.Observed()
			return o.HighWatermark, o.LastStableOffset, !o.At.IsZero()
		},
	})
	return nil
}

// startOffset returns where to read on. Without a committed offset that is the beginning, if nothing was ever deleted
// there: else records may be missing that nobody has seen, and only a person can say that this is all right.
func (t *task) startOffset(ctx context.Context) (int64, error) {
	offset, found, err := t.kafka.committed(ctx, t.input)
	if err != nil {
		return 0, fmt.Errorf("fetch committed offset: %w", err)
	}
	t.settled = t.watch.mark()
	if found {
		t.committed = offset
		return offset, nil
	}
	t.committed = -1
	start, err := t.kafka.start(ctx, t.input)
	if err != nil {
		return 0, fmt.Errorf("find log start: %w", err)
	}
	switch {
	case start == 0 || t.OnMissingOffset == Earliest:
		return start, nil
	case t.OnMissingOffset == Latest:
		return t.kafka.end(ctx, t.input)
	}
	return 0, stopf("%s: group %s has no committed offset, and records before offset %d have been deleted already: "+
		"start again with --on-missing-offset earliest (from what is left) or latest (from now on)",
		t.input, t.Group, start)
}

// restore brings the local state to the end of its changelog. That end is the offset of a barrier: a record that this
// task itself writes in a transaction and aborts, so that it comes from the true leader and lies behind everything that
// any former owner could write. The transaction also commits an offset, which checks that the group still has us.
func (t *task) restore(ctx context.Context, offset int64) error {
	began := t.Clock()
	changelog := t.stateful.Changelog()
	barrier, err := t.barrier(ctx, offset)
	if err != nil {
		return fmt.Errorf("write barrier: %w", err)
	}
	start, err := t.kafka.start(ctx, changelog)
	if err != nil {
		return fmt.Errorf("find its start: %w", err)
	}
	log := t.log.With("changelog", changelog.String())
	if start > 0 {
		// Compaction does not move the start: somebody has deleted records. What is left is the truth from now on.
		log.Warn("the beginning of the changelog has been deleted, and what stood only there is gone", "start", start)
	}
	position, err := t.stateful.Checkpoint(began, start, barrier)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	log.Info("restoring", "from", position, "to", barrier)
	if err := t.restores.enter(ctx); err != nil {
		return err
	}
	defer t.restores.leave()
	replay := replay{task: t, tp: changelog, position: position, end: barrier}
	if err := replay.run(ctx); err != nil {
		return err
	}
	t.changelog = max(barrier, replay.position)
	if err := t.stateful.Restored(ctx, t.Clock(), t.changelog); err != nil {
		return err
	}
	took := t.Clock().Sub(began)
	t.Metrics.restore.Observe(took.Seconds())
	log.Info("restored", "records", replay.records, "took", took)
	return nil
}

// barrierKey is the key of a barrier, whose value is null.
const barrierKey = "barrier"

// barrier writes one record to the changelog in a transaction that is aborted, and returns its offset.
func (t *task) barrier(ctx context.Context, offset int64) (int64, error) {
	changelog := t.stateful.Changelog()
	sent := t.watch.mark()
	result, err := t.bounded(ctx, t.writer.Barrier, t.transaction([]record.Record{{
		Topic: changelog.Topic, Partition: changelog.Partition, Key: []byte(barrierKey),
	}}, offset))
	if err != nil {
		return 0, err
	}
	t.watch.observe(sent, t.watch.mark(), result.AppendTime)
	return result.LastOffsets[changelog], nil
}

// transaction makes a transaction of records and the input offset, committed under this member's generation.
func (t *task) transaction(records []record.Record, offset int64) producer.Transaction {
	return producer.Transaction{
		Records: records, Group: t.Group, Membership: t.membership,
		Offsets: map[record.TopicPartition]int64{t.input: offset},
	}
}

// bounded writes a transaction in no more time than the brokers give it. What they have aborted by now is not worth
// trying any longer, and whoever waits must hear of it.
func (t *task) bounded(ctx context.Context, write func(context.Context, producer.Transaction) (producer.Result, error),
	tx producer.Transaction) (producer.Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.TransactionTimeout,
		fmt.Errorf("the transaction takes longer than the %s that the brokers give it", t.TransactionTimeout))
	defer cancel()
	return write(ctx, tx)
}

// replay feeds a changelog to the state.
type replay struct {
	*task
	tp       record.TopicPartition
	position int64
	end      int64
	records  int64
}

// The bounds of one Take while restoring: much, for speed, but no more memory than a fetch.
const (
	replayRecords = 10_000
	replayBytes   = 4 << 20
)

// run reads up to the end. A replay that gets nowhere for RestoreStall is an error: whoever waits must hear of it.
func (r *replay) run(ctx context.Context) error {
	if r.position >= r.end {
		return nil
	}
	source := r.kafka.open(r.tp, r.position)
	defer source.Close()
	from := r.position
	stall := time.NewTimer(r.RestoreStall)
	defer stall.Stop()
	for r.position < r.end {
		records, next, err := source.Take(replayRecords, replayBytes)
		if gone, ok := errors.AsType[*consumer.OffsetOutOfRangeError](err); ok {
			return fmt.Errorf("records were deleted while they were replayed: %v", gone) // the next life sees the new start
		}
		if err != nil {
			return err
		}
		if next == r.position {
			select {
			case <-source.Ready():
			case <-stall.C:
				return fmt.Errorf("no progress for %s at offset %d of %d", r.RestoreStall, r.position, r.end)
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		// Brokers that forget a marker may leave a barrier behind as if it were committed.
		state := slices.DeleteFunc(records, func(r record.Record) bool { return string(r.Key) == barrierKey })
		if err := r.stateful.Restore(ctx, state); err != nil {
			return err
		}
		r.position = next
		r.records += int64(len(records))
		r.Metrics.restored.Add(float64(len(records)))
		stall.Reset(r.RestoreStall)
		done := float64(r.position-from) / float64(r.end-from)
		r.board.set(r.input, Restoring, fmt.Sprintf("%.0f %%", 100*min(1, done)), r.Clock())
	}
	return nil
}
