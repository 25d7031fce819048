package admin

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Feed sends a file of commands and follows their events.
type Feed struct {
	Sender *Sender
	Events *Follower // of provisioning.events, opened before anything is sent
	Ends   *Ends
	Wait   bool // until every command has come to its end

	BadLine func(number int, err error)           // told of each line that is no command
	Event   func(event *provisioning.Event) error // told of each event about the commands; nil: nobody
}

// errFed ends the following when there is nothing more to hear.
var errFed = errors.New("every command has ended")

// Run sends what the file holds, and returns how many lines were no commands. It ends when everything has been sent, or
// where Wait is set, when everything has ended; ctx bounds that.
func (f *Feed) Run(ctx context.Context, file CommandFile) (bad int, err error) {
	group, ctx := errgroup.WithContext(ctx)
	allSent := make(chan struct{})
	group.Go(func() error {
		defer close(allSent)
		var err error
		bad, err = f.send(ctx, file)
		return err
	})
	group.Go(func() error { return f.Events.Run(ctx, func(r record.Record) error { return f.hear(ctx, &r) }) })
	group.Go(func() error { return f.settled(ctx, allSent) })
	if err := group.Wait(); !errors.Is(err, errFed) {
		sent, ended := f.Ends.Progress()
		return bad, fmt.Errorf("%d commands sent, %d ended: %w", sent, ended, err)
	}
	return bad, nil
}

// sendBatch is how many commands are written at a time.
const sendBatch = 500

func (f *Feed) send(ctx context.Context, file CommandFile) (bad int, err error) {
	var batch []provisioning.Command
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := f.Sender.Send(ctx, batch)
		batch = batch[:0]
		return err
	}
	for line, err := range file.Lines() {
		if err == nil && line.Err == nil && line.CancelOf != "" {
			// The request must be known, so what it is to be made of must have been sent.
			if err = flush(); err == nil {
				line.Err = f.resolve(ctx, &line.CommandLine)
			}
		}
		if err != nil {
			return bad, err
		}
		if line.Err != nil {
			if ctx.Err() != nil {
				return bad, ctx.Err()
			}
			bad++
			f.BadLine(line.Number, line.Err)
			continue
		}
		f.Ends.Sent(&line.Command)
		if batch = append(batch, line.Command); len(batch) == sendBatch {
			if err := flush(); err != nil {
				return bad, err
			}
		}
	}
	return bad, flush()
}

// resolve waits for the number of the request that a cancel of this file is about.
func (f *Feed) resolve(ctx context.Context, line *schemas.CommandLine) error {
	for {
		changed := f.Ends.Changed()
		number, made, known := f.Ends.RequestOf(line.Command.Source, line.CancelOf)
		if made {
			line.Command.Cancel.Number = number.String()
			return nil
		}
		if known {
			return fmt.Errorf("cancel of %q: that command made no request", line.CancelOf)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hear takes one record of provisioning.events.
func (f *Feed) hear(ctx context.Context, r *record.Record) error {
	event, err := f.Sender.Schemas.Event.Decode(ctx, r.Value)
	if err != nil {
		return fmt.Errorf("%s at offset %d: %w", r.TopicPartition(), r.Offset, err)
	}
	if !f.Ends.Saw(&event) || f.Event == nil {
		return nil
	}
	return f.Event(&event)
}

// settled returns errFed when there is nothing more to wait for.
func (f *Feed) settled(ctx context.Context, allSent <-chan struct{}) error {
	select {
	case <-allSent:
	case <-ctx.Done():
		return ctx.Err()
	}
	for f.Wait {
		changed := f.Ends.Changed()
		if sent, ended := f.Ends.Progress(); ended >= sent {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errFed
}
