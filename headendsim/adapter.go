package headendsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Adapter takes the smartcard commands of one partition. It fulfils stream.Handler.
type Adapter struct {
	config Config
}

// Config is what the adapters of a process share.
type Config struct {
	Schemas *schemas.Set
	Log     *slog.Logger
	// Took is told of each command that was taken; nil: nobody. It may be called by any partition's goroutine.
	Took func(*provisioning.SmartcardCommand)
}

// New returns the adapter of one partition.
func New(c Config) *Adapter {
	return &Adapter{config: c}
}

// Handle takes one smartcard command. What is none is said and passed over: there is nobody to answer to.
func (a *Adapter) Handle(ctx context.Context, rec *record.Record, _ time.Time, out []record.Record,
) ([]record.Record, error) {
	command, err := a.config.Schemas.SmartcardCommand.Decode(ctx, rec.Value)
	if bad, ok := errors.AsType[*schemas.Error](err); ok {
		a.config.Log.Error("not a smartcard command", "record", rec.TopicPartition(), "offset", rec.Offset, "error", bad)
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("decode smartcard command: %w", err)
	}
	a.config.Log.Debug("smartcard command", "number", command.RequestNumber, "attempt", command.Attempt,
		"action", command.Action, "card", string(rec.Key))
	if a.config.Took != nil {
		a.config.Took(&command)
	}
	return out, nil
}

// Committed implements stream.Handler.
func (a *Adapter) Committed(time.Time) {}

// Close implements stream.Handler.
func (a *Adapter) Close() {}
