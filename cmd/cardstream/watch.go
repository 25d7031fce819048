package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// watchCommand is `cardstream watch TOPIC`: follow a topic, decoded, one JSON line a record.
type watchCommand struct {
	connection
	logging
	Topic     string        `arg:"" help:"Name of the topic, without prefix: provisioning.events, smartcard.commands, …"`
	FromStart bool          `help:"From the topic's start, not from its end."`
	Key       string        `placeholder:"TEXT" help:"Only records with this key."`
	UntilIdle time.Duration `placeholder:"DURATION" help:"End when nothing has come for so long, once what there was has been printed; 0: never."`
	ShowPINs  bool          `name:"show-pins" help:"Do not mask PINs."`
	Timeout   time.Duration `default:"30s" help:"How long the brokers may take to answer at the beginning (${default})."`
}

// watched is a record as it is printed.
type watched struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Timestamp string            `json:"timestamp"`
	Key       *string           `json:"key"`
	Headers   map[string]string `json:"headers"`
	Value     json.RawMessage   `json:"value"`
	Bytes     *int              `json:"value_bytes"` // of a value that is not shown
	Error     *string           `json:"error"`       // why it is not
}

// Run prints records until ctx ends, or the topic is idle.
func (c *watchCommand) Run(ctx context.Context, std streams) error {
	topics := []string{"provisioning.commands", "provisioning.requests", "provisioning.state", "smartcard.commands",
		"smartcard.results", "provisioning.events", "provisioning.control", "provisioning.dead-letters"}
	if !slices.Contains(topics, c.Topic) {
		return usageError{fmt.Errorf("topic %q is none of %q", c.Topic, topics)}
	}
	opening, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s, err := openSession(opening, c.connection, c.logger(std.err))
	if err != nil {
		return err
	}
	from := consumer.Latest
	if c.FromStart {
		from = consumer.Earliest
	}
	follower, err := admin.Follow(opening, s.client, s.fetcher, c.Prefix+c.Topic, from)
	if err == nil {
		err = c.follow(ctx, follower, schemas.NewForeign(s.registry), std)
	}
	return errors.Join(err, s.Close())
}

func (c *watchCommand) follow(ctx context.Context, follower *admin.Follower, foreign *schemas.Foreign, std streams) error {
	out := bufio.NewWriter(std.out)
	printLine := func(r record.Record) error {
		if c.Key != "" && string(r.Key) != c.Key {
			return nil
		}
		line, err := json.Marshal(c.show(ctx, foreign, &r))
		if err != nil {
			return fmt.Errorf("print record: %w", err)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("print record: %w", err)
		}
		return out.Flush()
	}
	run := follower.Run
	if c.UntilIdle > 0 {
		run = func(ctx context.Context, each func(record.Record) error) error {
			return follower.RunUntilIdle(ctx, c.UntilIdle, each)
		}
	}
	if err := run(ctx, printLine); ctx.Err() == nil {
		return err
	}
	return nil // told to end
}

// show decodes a record with its writer's schema. What does not decode is shown by its size, as it may hold a PIN.
func (c *watchCommand) show(ctx context.Context, foreign *schemas.Foreign, r *record.Record) watched {
	w := watched{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset,
		Timestamp: provisioning.Timestamp(r.Timestamp).String(), Headers: make(map[string]string),
		Value: json.RawMessage("null"),
	}
	if r.Key != nil {
		key := string(r.Key)
		w.Key = &key
	}
	for _, h := range r.Headers {
		w.Headers[h.Key] = string(h.Value)
	}
	if r.Value == nil {
		return w
	}
	value, err := foreign.JSON(ctx, r.Value, schemas.JSONOptions{ShowPINs: c.ShowPINs})
	if err != nil {
		size, why := len(r.Value), err.Error()
		w.Bytes, w.Error = &size, &why
		return w
	}
	w.Value = value
	return w
}
