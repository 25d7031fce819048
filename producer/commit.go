package producer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/record"
)

// Commit writes a transaction. On success all of it is committed. After an error nothing of it is, with three things to
// tell apart:
//   - ErrTooLarge, ErrInvalid: nothing was sent, another Commit can follow.
//   - ErrOutcomeUnknown: it may be committed all the same. Init comes first, and the log knows.
//   - all else: it is not committed, and will not be. Init comes first: it aborts.
//
// It retries what can be retried while ctx lives; a transaction that takes longer than TransactionTimeout is aborted by
// Kafka. A context that ends during the last step makes the outcome unknown.
func (t *Transactional) Commit(ctx context.Context, tx Transaction) (Result, error) {
	return t.run(ctx, tx, true)
}

// Barrier writes one record in a transaction that it then aborts; the result tells the offset it had, and when the broker
// appended it. No reader of committed records ever sees it. Everything that any earlier owner of the transactional id
// committed to that partition stands before this offset, and nothing of theirs can come behind it. The offsets of tx are
// checked like those of a commit: only a member of the group's present generation gets through.
func (t *Transactional) Barrier(ctx context.Context, tx Transaction) (Result, error) {
	if len(tx.Records) != 1 {
		return Result{}, fmt.Errorf("%w: a barrier is one record, not %d", ErrInvalid, len(tx.Records))
	}
	result, err := t.run(ctx, tx, false)
	if err != nil {
		return Result{}, err
	}
	if result.LastOffsets[tx.Records[0].TopicPartition()] == UnknownOffset {
		t.ready = false
		return Result{}, t.failed("barrier", fmt.Errorf("the broker did not tell its offset"))
	}
	return result, nil
}

func (t *Transactional) run(ctx context.Context, tx Transaction, commit bool) (result Result, err error) {
	if err := tx.validate(); err != nil {
		return Result{}, err
	}
	lanes, err := t.planner.plan(tx.Records, t.config.limits())
	if err != nil {
		return Result{}, err
	}
	defer t.planner.release()
	if !t.ready {
		return Result{}, t.failed("begin", ErrNotInitialized)
	}
	if err := t.config.allows(lanes); err != nil {
		return Result{}, err
	}
	if len(lanes) == 0 && len(tx.Offsets) == 0 {
		return Result{}, nil // Kafka would refuse to end what has not begun
	}
	t.ready = false // until all has gone well
	t.asked, t.markersLate = time.Now(), false
	if err := t.fill(ctx, tx, lanes, &result); err != nil {
		return Result{}, err
	}
	if result.End, err = timed(func() error { return t.end(ctx, commit) }); err != nil {
		return Result{}, err
	}
	t.ready = true
	result.MarkersLate = t.markersLate
	summarise(lanes, &result)
	return result, nil
}

// fill opens the transaction and puts everything into it. Where it could not be opened it is tried again.
func (t *Transactional) fill(ctx context.Context, tx Transaction, lanes []*lane, result *Result) error {
	between := newPatience()
	for {
		err := t.fillOnce(ctx, tx, lanes, result)
		if !errors.Is(err, errNotOpened) {
			return err
		}
		if ended := between.wait(ctx, err); ended != nil {
			return fmt.Errorf("%w, after: %w", ended, err)
		}
	}
}

func (t *Transactional) fillOnce(ctx context.Context, tx Transaction, lanes []*lane, result *Result) (err error) {
	result.Begin, err = timed(func() error { return t.begin(ctx, partitionsOf(lanes)) })
	if err != nil {
		return t.failed("begin", err)
	}
	if err := t.planner.encode(lanes, &t.identity, t.config.Codec, true); err != nil {
		return t.failed("encode", err)
	}
	produce := func(ctx context.Context) (err error) {
		result.Produce, err = timed(func() error { return t.produce(ctx, lanes) })
		return err
	}
	commitOffsets := func(ctx context.Context) (err error) {
		result.OffsetCommit, err = timed(func() error { return t.commitOffsets(ctx, tx) })
		return err
	}
	if t.joining {
		return inTurn(ctx, produce, commitOffsets)
	}
	return sideBySide(ctx, produce, commitOffsets)
}

// sideBySide waits for all; where one fails the others need not go on.
func sideBySide(ctx context.Context, parts ...func(context.Context) error) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		all.Go(func() error { return part(ctx) })
	}
	return all.Wait()
}

func inTurn(ctx context.Context, parts ...func(context.Context) error) error {
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transactional) produce(ctx context.Context, lanes []*lane) error {
	if err := t.sender.send(ctx, lanes); err != nil {
		return t.failed("produce", err)
	}
	return nil
}

// begin opens the transaction with the partitions it will write to. Where a request of the last one went unanswered, or
// the first one of this, or where markers of the last one may have been passed over, it takes a new epoch before: what may
// still be under way is refused then, and what the last one may have left behind is settled before this one could end it
// otherwise.
func (t *Transactional) begin(ctx context.Context, partitions []record.TopicPartition) error {
	slow := false
	return persist(ctx, func() error {
		if t.doubtful.Load() || t.wasAway() {
			if err := t.undoubt(ctx); err != nil {
				return err
			}
			slow = false
		}
		if len(partitions) == 0 {
			err := t.complete(ctx) // the offsets begin it
			t.late(err)
			return err
		}
		if t.joining {
			return nil // the first batch begins it
		}
		if slow {
			if err := t.complete(ctx); err != nil {
				return err
			}
		}
		err := t.addPartitionsOnce(ctx, partitions)
		slow = t.late(err)
		return err
	})
}

func partitionsOf(lanes []*lane) []record.TopicPartition {
	partitions := make([]record.TopicPartition, len(lanes))
	for i, l := range lanes {
		partitions[i] = l.tp
	}
	return partitions
}

func summarise(lanes []*lane, result *Result) {
	result.LastOffsets = make(map[record.TopicPartition]int64, len(lanes))
	for _, l := range lanes {
		result.LastOffsets[l.tp] = l.batches[len(l.batches)-1].lastOffset()
		for i := range l.batches {
			result.AppendTime = max(result.AppendTime, l.batches[i].appendTime)
		}
	}
}

func timed(do func() error) (time.Duration, error) {
	start := time.Now()
	err := do()
	return time.Since(start), err
}
