package control

import (
	"context"
	"fmt"
	"time"

	"cardstream/consumer"
	"cardstream/record"
)

const (
	patience   = 10 * time.Second // for the brokers to say where the topic begins and ends, until that is logged
	lookAround = time.Second      // between looks at whether the brokers still tell anything

	// The bounds of one Take.
	takeRecords = 100
	takeBytes   = 1 << 20
)

// read reads the topic from its start, and returns why it cannot go on. Up to the topic's end as it is now, settings
// are only collected: what was set once and set back since must not be believed on the way.
func (f *Follower) read(ctx context.Context, reading func()) error {
	start, end, err := f.bounds(ctx)
	if err != nil {
		return err
	}
	p := f.fetcher.Add(f.tp, start)
	defer p.Close()
	r := reader{Follower: f, collected: f.known.Load().settings.clone(), end: end, began: time.Now()}
	around := time.NewTicker(min(lookAround, f.Silence))
	defer around.Stop()
	for r.believe(start); ; {
		select {
		case <-p.Ready():
			if err := r.take(ctx, p); err != nil {
				return err
			}
			reading()
		case <-around.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		r.listen(p)
	}
}

// bounds asks where the topic begins and ends. The end is the high watermark, not the last stable offset: a setting
// behind somebody's open transaction is waited for, as it may be a pause.
func (f *Follower) bounds(ctx context.Context) (start, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if start, err = consumer.ListOffset(ctx, f.client, f.tp, consumer.Earliest); err != nil {
		return 0, 0, err
	}
	end, err = consumer.ListOffset(ctx, f.client, f.tp, consumer.Latest)
	return start, end, err
}

// reader is one reading of the topic.
type reader struct {
	*Follower
	collected settings
	end       int64 // of the topic when the reading began; from there on, what is collected is believed
	began     time.Time
	lost      bool // the brokers have told nothing for too long
}

// take reads what is there.
func (r *reader) take(ctx context.Context, p *consumer.Partition) error {
	records, next, err := p.Take(takeRecords, takeBytes)
	if err != nil {
		return err // which names the partition
	}
	for i := range records {
		if err := r.apply(ctx, &records[i]); err != nil {
			return err
		}
	}
	r.believe(next)
	return nil
}

// apply collects a record, or passes over what is none of ours. The log does not repeat what it holds.
func (r *reader) apply(ctx context.Context, rec *record.Record) error {
	err := r.collected.take(ctx, r.Codec, rec)
	if passedOver(err) {
		r.Log.Error("record is no setting of the run and is passed over; the last good one counts",
			"topic", r.Topic, "offset", rec.Offset, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s at offset %d: %w", r.tp, rec.Offset, err)
	}
	r.believe(rec.Offset + 1)
	return nil
}

// believe makes known what was collected in front of an offset, if that is not short of the end.
func (r *reader) believe(next int64) {
	if next < r.end {
		return
	}
	r.learn(r.collected)
	if !r.isReady {
		r.isReady = true
		close(r.ready)
	}
}

// listen notices when the brokers tell nothing any more, and when they do again.
func (r *reader) listen(p *consumer.Partition) {
	at := r.began
	if observed := p.Observed().At; !observed.IsZero() {
		at = observed
		r.Metrics.heard(at)
	}
	silent, run := time.Since(at) > r.Silence, r.Current()
	switch {
	case silent && !r.lost:
		r.Log.Warn("settings of the run are out of reach; what is known stays",
			"topic", r.Topic, "paused", run.Paused, "rate", run.Rate, "since", at)
	case !silent && r.lost:
		r.Log.Info("settings of the run are within reach again",
			"topic", r.Topic, "paused", run.Paused, "rate", run.Rate)
	}
	r.lost = silent
}
