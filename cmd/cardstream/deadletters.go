package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"cardstream/admin"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
)

// deadLettersCommand is `cardstream dead-letters`.
type deadLettersCommand struct {
	List    listLettersCommand    `cmd:"" help:"Print them, one JSON line each, without their values."`
	Redrive redriveLettersCommand `cmd:"" help:"Put them back where they came from, and print what was put back."`
}

// lettersMeant is what both share: which dead letters are meant, and where they are.
type lettersMeant struct {
	connection
	logging
	Filter []string `sep:"none" placeholder:"NAME=VALUE" help:"Only those with ${letterfilter}. May be given more than once."`
}

// shownLetter is a dead letter as it is printed. Of what its sender wrote there is the key and the headers' names.
type shownLetter struct {
	Partition int32        `json:"partition"`
	Offset    int64        `json:"offset"`
	Timestamp string       `json:"timestamp"`
	Code      string       `json:"code"`
	Message   string       `json:"message"`
	Source    *shownSource `json:"source"`
	Key       *string      `json:"key"`
	Headers   []string     `json:"headers"`
	Bytes     *int         `json:"value_bytes"` // null: there is no value
	Truncated *string      `json:"truncated"`
}

type shownSource struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Timestamp string `json:"timestamp"`
}

func showLetter(l *admin.DeadLetter) shownLetter {
	s := shownLetter{
		Partition: l.Record.Partition, Offset: l.Record.Offset,
		Timestamp: provisioning.Timestamp(l.Record.Timestamp).String(),
		Code:      l.Code, Message: l.Message, Headers: []string{},
	}
	if l.Source != nil {
		s.Source = &shownSource{
			Topic: l.Source.Topic, Partition: l.Source.Partition, Offset: l.Source.Offset,
			Timestamp: l.Source.Timestamp.String(),
		}
	}
	if l.Record.Key != nil {
		s.Key = new(string(l.Record.Key))
	}
	if l.Record.Value != nil {
		s.Bytes = new(len(l.Record.Value))
	}
	if l.Truncated != "" {
		s.Truncated = &l.Truncated
	}
	for _, h := range l.Sender {
		s.Headers = append(s.Headers, h.Key)
	}
	return s
}

// each calls do with every dead letter that is meant.
func (c *lettersMeant) each(ctx context.Context, s *session, do func(admin.DeadLetter) error) error {
	filter, err := admin.ParseFilter(c.Filter, c.Prefix, time.Now())
	if err != nil {
		return err // it was parsed before
	}
	return admin.ReadAll(ctx, s.client, s.fetcher, s.topics.DeadLetters(), func(r record.Record) error {
		if letter := admin.ReadDeadLetter(r); filter.Matches(&letter) {
			return do(letter)
		}
		return nil
	})
}

// open checks the filter and connects.
func (c *lettersMeant) open(ctx context.Context, timeout time.Duration, std streams) (*session, error) {
	if _, err := admin.ParseFilter(c.Filter, c.Prefix, time.Now()); err != nil {
		return nil, usageError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return openSession(ctx, c.connection, c.logger(std.err))
}

// listLettersCommand is `cardstream dead-letters list`.
type listLettersCommand struct {
	lettersMeant
	Timeout time.Duration `default:"30s" help:"How long the brokers may take to answer at the beginning (${default})."`
}

// Run prints those that are there.
func (c *listLettersCommand) Run(ctx context.Context, std streams) error {
	s, err := c.open(ctx, c.Timeout, std)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	lines := json.NewEncoder(out)
	err = c.each(ctx, s, func(l admin.DeadLetter) error { return lines.Encode(showLetter(&l)) })
	return errors.Join(err, out.Flush(), s.Close())
}

// redriveLettersCommand is `cardstream dead-letters redrive`.
type redriveLettersCommand struct {
	lettersMeant
	DryRun  bool          `help:"Write nothing; print what would be put back."`
	Rate    float64       `placeholder:"N" help:"At most so many a second; 0: no bound."`
	Timeout time.Duration `default:"30s" help:"How long the brokers may take to answer at the beginning, and to take what is put back (${default})."`
}

// shownFate is a dead letter with what became of it.
type shownFate struct {
	shownLetter
	Outcome admin.Outcome `json:"outcome"`
	Offset  *int64        `json:"new_offset"` // where it stands now, in its source's partition
	Why     *string       `json:"error"`
}

// Run puts back those that are there when it begins.
func (c *redriveLettersCommand) Run(ctx context.Context, std streams) error {
	if c.Rate < 0 || math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0) {
		return usageError{fmt.Errorf("--rate %v: must be 0 or more", c.Rate)}
	}
	s, err := c.open(ctx, c.Timeout, std)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	left := 0
	redriver := admin.Redriver{
		Producer: producer.NewIdempotent(s.client, producer.IdempotentConfig{}), Topics: s.topics,
		Partitions: s.layout.Partitions, Rate: c.Rate, DryRun: c.DryRun, Timeout: c.Timeout,
		Told: func(l *admin.DeadLetter, fate admin.Fate) error {
			if fate.Why != nil {
				left++
			}
			return printFate(out, l, fate)
		},
	}
	err = c.each(ctx, s, func(l admin.DeadLetter) error { return redriver.Add(ctx, l) })
	if err == nil {
		err = redriver.Flush(ctx)
	}
	if err == nil && left > 0 {
		err = fmt.Errorf("%d dead letters cannot be put back", left)
	}
	return errors.Join(err, out.Flush(), s.Close())
}

// printFate prints at once: what was put back must be known, whatever happens next.
func printFate(out *bufio.Writer, l *admin.DeadLetter, fate admin.Fate) error {
	shown := shownFate{shownLetter: showLetter(l), Outcome: fate.Outcome}
	if fate.Outcome == admin.Redriven {
		shown.Offset = &fate.Offset
	}
	if fate.Why != nil {
		shown.Why = new(fate.Why.Error())
	}
	if err := json.NewEncoder(out).Encode(shown); err != nil {
		return fmt.Errorf("print dead letter: %w", err)
	}
	return out.Flush()
}
