package admin

import (
	"context"
	"errors"
	"time"

	"cardstream/producer"
	"cardstream/record"
	"cardstream/schemas"
)

// Redriver puts dead letters back where they came from. The letters stay where they are, so that doing it again writes
// them again. One goroutine uses it.
type Redriver struct {
	Producer   *producer.Idempotent
	Topics     schemas.Topics
	Partitions map[string]int32              // of the topics that exist
	Rate       float64                       // most records a second; 0: no bound
	DryRun     bool                          // write nothing
	Timeout    time.Duration                 // for one write, however often it has to be tried
	Told       func(*DeadLetter, Fate) error // told of each letter, in the order in which they were added

	batch  []redriving
	bytes  int
	freeAt time.Time // when the rate allows the next write
}

// Fate is what became of a letter.
type Fate struct {
	Outcome Outcome
	Offset  int64 // of a Redriven one, in the partition where it stood before
	Why     error // of one that is neither Redriven nor WouldBeRedriven
}

// Outcome is what became of a letter, in a word.
type Outcome string

// The outcomes.
const (
	Redriven         Outcome = "redriven"
	WouldBeRedriven  Outcome = "would_be_redriven"  // but for DryRun
	CannotBeRedriven Outcome = "cannot_be_redriven" // and never will be
	NotRedriven      Outcome = "not_redriven"       // the brokers did not take it
	MaybeRedriven    Outcome = "maybe_redriven"     // their answer was lost
)

// redriving is a letter that waits for its batch.
type redriving struct {
	letter   DeadLetter
	original record.Record
	fate     Fate
}

// The bounds of one write.
const (
	redriveRecords = 500
	redriveBytes   = 1 << 20
)

// Add takes a letter, and writes when enough have come together. An error is that of a write, or Told's; the letters
// of a failed write have been told of.
func (d *Redriver) Add(ctx context.Context, letter DeadLetter) error {
	r := redriving{letter: letter}
	original, err := letter.Original(d.Topics, d.Partitions)
	switch {
	case err != nil:
		r.fate = Fate{Outcome: CannotBeRedriven, Why: err}
	case d.DryRun:
		r.fate = Fate{Outcome: WouldBeRedriven}
	}
	r.original = original
	d.batch = append(d.batch, r)
	d.bytes += len(original.Key) + len(original.Value)
	if len(d.batch) < d.records() && d.bytes < redriveBytes {
		return nil
	}
	return d.Flush(ctx)
}

// records is how many are written at a time: with a rate, a tenth of a second's.
func (d *Redriver) records() int {
	if d.Rate == 0 {
		return redriveRecords
	}
	return int(max(1, min(d.Rate/10, redriveRecords)))
}

// Flush writes what was added and not written yet, and tells of it. Call it behind the last letter.
func (d *Redriver) Flush(ctx context.Context) error {
	batch := d.batch
	d.batch, d.bytes = nil, 0
	err := d.write(ctx, batch)
	for i := range batch {
		if told := d.Told(&batch[i].letter, batch[i].fate); told != nil {
			return errors.Join(err, told)
		}
	}
	return err
}

// write writes those whose fate is still open.
func (d *Redriver) write(ctx context.Context, batch []redriving) error {
	for {
		open, records := undecided(batch)
		if len(open) == 0 {
			return nil
		}
		err := d.pace(ctx, len(open))
		if err != nil {
			for _, r := range open {
				r.fate = Fate{Outcome: NotRedriven, Why: err}
			}
			return err
		}
		err = d.produce(ctx, records, open)
		tooLarge, is := errors.AsType[*producer.TooLargeError](err)
		if !is {
			return err
		}
		open[tooLarge.Index].fate = Fate{Outcome: CannotBeRedriven, Why: tooLarge} // and nothing was sent
	}
}

// undecided returns those of a batch that are still to be written, and what is to be written of each.
func undecided(batch []redriving) (open []*redriving, records []record.Record) {
	for i := range batch {
		if r := &batch[i]; r.fate.Outcome == "" {
			open, records = append(open, r), append(records, r.original)
		}
	}
	return open, records
}

func (d *Redriver) produce(ctx context.Context, records []record.Record, open []*redriving) error {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	deliveries, err := d.Producer.Produce(ctx, records)
	if errors.Is(err, producer.ErrTooLarge) {
		return err
	}
	for i, delivery := range deliveries {
		switch delivery.Fate {
		case producer.Written:
			open[i].fate = Fate{Outcome: Redriven, Offset: delivery.Offset}
		case producer.NotWritten:
			open[i].fate = Fate{Outcome: NotRedriven, Why: err}
		default:
			open[i].fate = Fate{Outcome: MaybeRedriven, Why: err}
		}
	}
	return err
}

// pace waits until so many may be written.
func (d *Redriver) pace(ctx context.Context, records int) error {
	if d.Rate == 0 {
		return nil
	}
	timer := time.NewTimer(time.Until(d.freeAt))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if now := time.Now(); now.After(d.freeAt) {
		d.freeAt = now // what was missed is not made up for
	}
	d.freeAt = d.freeAt.Add(time.Duration(float64(records) / d.Rate * float64(time.Second)))
	return nil
}
