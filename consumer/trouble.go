package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/internal/cluster"
)

// Waits between attempts to find a partition's leader, and to be served by it. The first attempt after a success is not
// waited for: most often the leader has just moved.
const (
	leastBackoff = 20 * time.Millisecond
	mostBackoff  = time.Second
)

// worthLogging is how many attempts in a row fail before that is told: a leader that moves takes one or two.
const worthLogging = 3

// trouble decides what becomes of a partition that could not be fetched. One goroutine at a time uses it: the fetch that
// the partition takes part in, or the search for its leader.
type trouble struct {
	p            *Partition
	backoff      cluster.Backoff
	failures     int // in a row
	missingSince time.Time
}

func newTrouble(p *Partition) *trouble {
	return &trouble{p: p, backoff: cluster.Backoff{Min: leastBackoff, Max: mostBackoff}}
}

// over is called with every good answer.
func (t *trouble) over() {
	if t.failures >= worthLogging {
		t.p.fetcher.config.Logger.Info("partition is fetched again", "partition", t.p.tp.String())
	}
	t.failures, t.missingSince = 0, time.Time{}
	t.backoff.Reset()
}

// resolve waits out what happened and returns the partition's leader; or it fails the partition, or the partition is
// closed, and found is false. Without a cause the partition is new.
func (t *trouble) resolve(cause error) (leader cluster.BrokerID, found bool) {
	for {
		if cause != nil && !t.bear(cause) {
			return 0, false
		}
		leader, cause = t.findLeader()
		if t.p.life.Err() != nil {
			return 0, false
		}
		if cause == nil {
			return leader, true
		}
	}
}

func (t *trouble) findLeader() (cluster.BrokerID, error) {
	f := t.p.fetcher
	select {
	case f.finding <- struct{}{}:
		defer func() { <-f.finding }()
	case <-t.p.life.Done():
		return 0, context.Cause(t.p.life)
	}
	ctx, cancel := context.WithTimeout(t.p.life, f.client.RequestTimeout())
	defer cancel()
	return f.client.Leader(ctx, t.p.tp)
}

// bear waits before the next attempt. It returns false if there shall be none.
func (t *trouble) bear(cause error) bool {
	if final := t.judge(cause); final != nil {
		t.p.fail(final)
		return false
	}
	t.failures++
	if t.failures == worthLogging {
		t.p.fetcher.config.Logger.Warn("partition cannot be fetched, trying on",
			"partition", t.p.tp.String(), "error", cause)
	}
	if t.failures == 1 {
		return t.p.life.Err() == nil
	}
	return t.backoff.Wait(t.p.life) == nil
}

// judge returns the error that the partition's owner is to get, or nil where time may heal it.
func (t *trouble) judge(cause error) error {
	switch {
	case errors.Is(cause, cluster.OffsetOutOfRange):
		return t.judgeRange()
	case errors.Is(cause, cluster.CorruptMessage): // found by the broker: on its disk
		offset, _, _ := t.p.wanted()
		return &CorruptError{TopicPartition: t.p.tp, Offset: offset, Err: cause}
	case isMissing(cause):
		if t.missingSince.IsZero() {
			t.missingSince = time.Now()
		}
		if time.Since(t.missingSince) < t.p.fetcher.config.MissingTopicTimeout {
			return nil
		}
	case cluster.KindOf(cause) != cluster.Stop:
		return nil
	}
	return fmt.Errorf("fetch %s: %w", t.p.tp, cause)
}

// isMissing tells what a cluster says of a topic that does not exist, and also of one that is very new.
func isMissing(err error) bool {
	return errors.Is(err, cluster.UnknownTopicOrPartition) || errors.Is(err, cluster.UnknownTopicID)
}

// judgeRange asks for the offsets that the partition has: a broker that says "out of range" does not tell them. Where the
// offset is one of them after all, the answer came from a broker with another view of the log, and is no error.
func (t *trouble) judgeRange() error {
	ctx, client := t.p.life, t.p.fetcher.client
	offset, _, _ := t.p.wanted()
	start, err := ListOffset(ctx, client, t.p.tp, Earliest)
	if err != nil {
		return err
	}
	end, err := ListOffset(ctx, client, t.p.tp, Latest)
	if err != nil {
		return err
	}
	if start <= offset && offset <= end {
		return nil
	}
	return &OffsetOutOfRangeError{TopicPartition: t.p.tp, Offset: offset, LogStart: start, HighWatermark: end}
}
