package headendsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// The bounds of a desk.
const (
	mostWaiting  = 20_000 // answers that wait; with more nothing is read
	takeRecords  = 1_000
	takeBytes    = 1 << 20
	linger       = 20 * time.Millisecond // least time between two transactions
	commitOffset = time.Second           // how often an offset is committed that has moved without an answer
)

// desk answers the commands of one partition, as long as this process owns it. One goroutine runs it.
type desk struct {
	Config
	headend    *headend
	input      record.TopicPartition
	membership *consumer.Membership
	writer     *producer.Transactional
	log        *slog.Logger

	// Of one life.
	source    *consumer.Partition
	backlog   backlog
	done      *memory
	committed int64
	wrote     time.Time
}

// run lives one life after another until ctx ends. Whatever is unclear ends a life, and the next begins from the log.
func (d *desk) run(ctx context.Context) {
	backoff := cluster.Backoff{Min: 100 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := d.live(ctx)
		if ctx.Err() != nil {
			return
		}
		d.log.Warn("simulated headend starts again from the log", "error", err)
		if backoff.Wait(ctx) != nil {
			return
		}
	}
}

// live takes the partition over and answers until ctx ends.
func (d *desk) live(ctx context.Context) error {
	if err := d.takeOver(ctx); err != nil {
		return err
	}
	defer d.source.Close()
	for {
		now := time.Now()
		if up := d.headend.downUntil(now); !up.IsZero() {
			d.log.Info("simulated headend is down", "until", up)
			if !wait(ctx, up.Sub(now), nil) {
				return ctx.Err()
			}
			continue
		}
		if err := d.read(ctx, now); err != nil {
			return err
		}
		if err := d.write(ctx, now); err != nil {
			return err
		}
		ready := d.source.Ready()
		if d.full() {
			ready = nil
		}
		if !wait(ctx, d.idle(time.Now()), ready) {
			return ctx.Err()
		}
	}
}

// takeOver makes this desk the partition's only one, and finds the first command that may not have had its answer.
func (d *desk) takeOver(ctx context.Context) error {
	if err := d.membership.Confirm(ctx); err != nil {
		return fmt.Errorf("confirm membership: %w", err)
	}
	if err := d.writer.Init(ctx); err != nil {
		return fmt.Errorf("init producer id: %w", err)
	}
	offsets, err := consumer.Committed(ctx, d.Client, d.Group, []record.TopicPartition{d.input})
	if err != nil {
		return fmt.Errorf("fetch committed offset: %w", err)
	}
	start, err := consumer.ListOffset(ctx, d.Client, d.input, consumer.Earliest)
	if err != nil {
		return fmt.Errorf("find log start: %w", err)
	}
	d.committed = max(start, offsets[d.input])
	d.backlog, d.done = backlog{next: d.committed}, newMemory(remembered)
	d.source = d.Fetcher.Add(d.input, d.committed)
	return nil
}

func (d *desk) full() bool { return len(d.backlog.answers) >= mostWaiting }

// read takes in what has been fetched.
func (d *desk) read(ctx context.Context, now time.Time) error {
	for !d.full() {
		records, next, err := d.source.Take(takeRecords, takeBytes)
		if err != nil {
			return fmt.Errorf("read %s: %w", d.input, err)
		}
		if next == d.backlog.next {
			return nil
		}
		for i := range records {
			if err := d.take(ctx, &records[i], now); err != nil {
				return err
			}
		}
		d.backlog.passed(next)
	}
	return nil
}

// take takes in one smartcard command. What is none is said and passed over: there is nobody to answer to.
func (d *desk) take(ctx context.Context, r *record.Record, now time.Time) error {
	command, err := d.Schemas.SmartcardCommand.Decode(ctx, r.Value)
	if bad, ok := errors.AsType[*schemas.Error](err); ok {
		d.log.Error("not a smartcard command", "offset", r.Offset, "error", bad)
		return nil
	}
	if err != nil {
		return fmt.Errorf("decode smartcard command: %w", err)
	}
	d.log.Debug("smartcard command", "number", command.RequestNumber, "attempt", command.Attempt,
		"action", command.Action, "card", string(r.Key))
	// The key is copied: it would keep the whole fetch in memory until the answer.
	d.backlog.add(r.Offset, d.headend.work(&command, []byte(string(r.Key)), now, d.done))
	return nil
}

// write gives the answers whose time has come, and commits how far the desk has come with them, in one transaction.
func (d *desk) write(ctx context.Context, now time.Time) error {
	if now.Sub(d.wrote) < linger {
		return nil
	}
	list := d.backlog.due(now)
	moved := d.backlog.position() != d.committed
	if len(list) == 0 && (!moved || now.Sub(d.wrote) < commitOffset) {
		return nil
	}
	tx := producer.Transaction{Group: d.Group, Membership: d.membership}
	for _, a := range list {
		a.result.RespondedAt = provisioning.TimestampOf(now)
		value, err := d.Schemas.Result.Append(nil, &a.result)
		if err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		tx.Records = append(tx.Records, record.Record{
			Topic: d.Results, Partition: record.PartitionFor(a.card, d.ResultPartitions), Key: a.card, Value: value,
		})
		d.log.Debug("smartcard result", "number", a.result.RequestNumber, "attempt", a.result.Attempt,
			"status", a.result.Status, "card", string(a.card))
	}
	if moved {
		tx.Offsets = map[record.TopicPartition]int64{d.input: d.backlog.position()}
	}
	if _, err := d.writer.Commit(ctx, tx); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	d.committed, d.wrote = d.backlog.position(), time.Now()
	return nil
}

// idle returns how long there is nothing to write.
func (d *desk) idle(now time.Time) time.Duration {
	const long = time.Hour
	idle := long
	if d.backlog.position() != d.committed {
		idle = commitOffset - now.Sub(d.wrote)
	}
	if at, waiting := d.backlog.nextDue(); waiting {
		idle = min(idle, max(at.Sub(now), linger-now.Sub(d.wrote)))
	}
	return idle
}

// wait waits so long, or until ready; false where ctx ends first.
func wait(ctx context.Context, d time.Duration, ready <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ready:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
