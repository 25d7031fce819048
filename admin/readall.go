package admin

import (
	"context"
	"fmt"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/record"
)

// ReadAll calls each with every committed record that a topic has when it is called, partition after partition, until
// each returns an error, which is returned. The fetcher must run.
func ReadAll(ctx context.Context, client *cluster.Client, fetcher *consumer.Fetcher, topic string,
	each func(record.Record) error) error {
	partitions, err := partitionCount(ctx, client, topic)
	if err != nil {
		return err
	}
	// All ends first: what each writes to the topic itself is not read.
	spans := make([]span, partitions)
	for p := range spans {
		tp := record.TopicPartition{Topic: topic, Partition: int32(p)}
		if spans[p], err = spanOf(ctx, client, tp, consumer.Earliest); err != nil {
			return err
		}
	}
	for _, s := range spans {
		if err := s.read(ctx, fetcher, each); err != nil {
			return err
		}
	}
	return nil
}

// span is the committed records of a partition, as they are at one time.
type span struct {
	record.TopicPartition
	start, end int64
}

// spanOf asks what a partition has from a place on. It is empty where that is behind the committed records' end.
func spanOf(ctx context.Context, client *cluster.Client, tp record.TopicPartition, from consumer.Place) (s span, err error) {
	s.TopicPartition = tp
	if s.start, err = consumer.ListOffset(ctx, client, tp, from); err != nil {
		return s, err
	}
	s.end, err = consumer.ListOffset(ctx, client, tp, consumer.Stable)
	return s, err
}

func (s span) read(ctx context.Context, fetcher *consumer.Fetcher, each func(record.Record) error) error {
	if s.start >= s.end {
		return nil
	}
	p := fetcher.Add(s.TopicPartition, s.start)
	defer p.Close()
	for next := s.start; next < s.end; {
		select {
		case <-p.Ready():
		case <-ctx.Done():
			return ctx.Err()
		}
		records, behind, err := p.Take(followRecords, followBytes)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.TopicPartition, err)
		}
		for _, r := range records {
			if r.Offset >= s.end {
				break
			}
			if err := each(r); err != nil {
				return err
			}
		}
		next = behind
	}
	return nil
}
