package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Intake reads what others write, commands and headend results, judges it, and routes it into provisioning.requests:
// commands by smartcard key, cancels and results by the partition in the request's number. It keeps no state. It
// fulfils stream.Handler.
type Intake struct {
	IntakeConfig
	names  names
	tally  tally
	values values
}

// IntakeConfig is what every Intake of a process shares.
type IntakeConfig struct {
	Topics      schemas.Topics
	Partitions  int32 // of provisioning.requests and provisioning.events
	Schemas     *schemas.Set
	Foreign     *schemas.Foreign
	Rules       provisioning.Rules
	DeadLetters DeadLetters
	Metrics     *Metrics
}

// NewIntake makes the handler of one partition of provisioning.commands or smartcard.results.
func NewIntake(c IntakeConfig) *Intake { return &Intake{IntakeConfig: c, names: namesOf(c.Topics)} }

// Handle implements stream.Handler. It waits while the registry is away.
func (in *Intake) Handle(ctx context.Context, rec *record.Record, now time.Time, out []record.Record,
) ([]record.Record, error) {
	var err error
	if rec.Topic == in.names.results {
		out, err = in.result(ctx, rec, out)
	} else {
		out, err = in.command(ctx, rec, provisioning.TimestampOf(now), out)
	}
	if bad, ok := errors.AsType[*schemas.Error](err); ok {
		return append(out, in.bury(rec, bad.Code, bad.Message)), nil
	}
	return out, err
}

// Committed implements stream.Handler.
func (in *Intake) Committed(now time.Time) { in.Metrics.count(&in.tally, now) }

// Close implements stream.Handler.
func (in *Intake) Close() {}

// command judges a command: a valid one becomes an entry of its card's partition, an invalid one an event.
func (in *Intake) command(ctx context.Context, rec *record.Record, now provisioning.Timestamp, out []record.Record,
) ([]record.Record, error) {
	c, err := in.Foreign.Command(ctx, rec.Value)
	if err != nil {
		return out, err
	}
	if wrong := in.Rules.Judge(&c, now); len(wrong) > 0 {
		return in.reject(rec, &c, wrong, now, out)
	}
	appendedAt := provisioning.Timestamp(rec.Timestamp)
	if c.Cancel != nil {
		return in.cancel(rec, &c, appendedAt, now, out)
	}
	card, _ := c.SetUserParameters.Smartcard.Key() // judged: there is one
	key := []byte(card)
	entry := provisioning.Entry{Create: c.Create(appendedAt)}
	return in.enter(out, record.PartitionFor(key, in.Partitions), key, &entry)
}

// cancel routes a cancel to the partition of its request, which alone can say whether it is still PENDING.
func (in *Intake) cancel(rec *record.Record, c *provisioning.Command, appendedAt, now provisioning.Timestamp,
	out []record.Record) ([]record.Record, error) {
	number, err := provisioning.ParseRequestNumber(c.Cancel.Number)
	if err != nil {
		return out, fmt.Errorf("a judged cancel has a number: %w", err)
	}
	if number.Partition >= in.Partitions {
		return in.reject(rec, c, []provisioning.Violation{provisioning.UnknownRequest()}, now, out)
	}
	entry := provisioning.Entry{Cancel: &provisioning.CancelEntry{
		CommandID: c.ID, Source: c.Source, Number: number, AppendedAt: appendedAt,
	}}
	return in.enter(out, number.Partition, []byte(number.String()), &entry)
}

// result routes the headend's answer to the partition of its request.
func (in *Intake) result(ctx context.Context, rec *record.Record, out []record.Record) ([]record.Record, error) {
	r, err := in.Foreign.Result(ctx, rec.Value)
	if err != nil {
		return out, err
	}
	number, err := provisioning.ParseRequestNumber(r.RequestNumber)
	if err != nil || number.Partition >= in.Partitions {
		return append(out, in.bury(rec, codeRequestUnknown, "request_number names no request")), nil
	}
	entry := provisioning.Entry{Result: &provisioning.ResultEntry{Result: r, Origin: provisioning.Origin{
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset,
		Timestamp: provisioning.Timestamp(rec.Timestamp), Key: rec.Key, Value: rec.Value,
	}}}
	return in.enter(out, number.Partition, []byte(number.String()), &entry)
}

// enter appends an entry to provisioning.requests.
func (in *Intake) enter(out []record.Record, partition int32, key []byte, e *provisioning.Entry,
) ([]record.Record, error) {
	value, err := encode(&in.values, in.Schemas.Entry, e)
	if err != nil {
		return out, fmt.Errorf("encode entry: %w", err)
	}
	return append(out, record.Record{Topic: in.names.requests, Partition: partition, Key: key, Value: value}), nil
}

// reject publishes everything that is wrong with a command. An event about no card is keyed by its command's id, or by
// where the command stands.
func (in *Intake) reject(rec *record.Record, c *provisioning.Command, wrong []provisioning.Violation,
	now provisioning.Timestamp, out []record.Record) ([]record.Record, error) {
	stands := rec.TopicPartition().String() + "-" + fmt.Sprint(rec.Offset)
	event := provisioning.RejectedEvent(stands, c, wrong, now)
	key := event.CommandID
	if s := c.SetUserParameters; s != nil {
		if card, ok := s.Smartcard.Key(); ok {
			key = string(card)
		}
	}
	if key == "" {
		key = stands
	}
	value, err := encode(&in.values, in.Schemas.Event, &event)
	if err != nil {
		return out, fmt.Errorf("encode event: %w", err)
	}
	in.tally.rejected(wrong)
	return append(out, record.Record{
		Topic: in.names.events, Partition: record.PartitionFor([]byte(key), in.Partitions),
		Key: []byte(key), Value: value,
	}), nil
}

// bury makes a dead letter, and counts it.
func (in *Intake) bury(rec *record.Record, code, message string) record.Record {
	if rec.Topic == in.names.commands {
		in.tally.outcome(outcomeDeadLettered)
	}
	in.tally.deadLetter(rec.Topic, code)
	return in.DeadLetters.letter(rec, code, message)
}
