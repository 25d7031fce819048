package processor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cardstream/internal/cluster"
)

// Refusal is why a processor does not begin its work: only who runs it can change that, and to wait is of no use.
type Refusal struct{ Err error }

// Error implements error.
func (r Refusal) Error() string { return r.Err.Error() }

// Unwrap returns what is wrong.
func (r Refusal) Unwrap() error { return r.Err }

// AwaitBrokers asks until the cluster answers, however long that takes, and says so while it waits. Brokers that do not
// let this client in are a Refusal.
func AwaitBrokers(ctx context.Context, client *cluster.Client, log *slog.Logger) error {
	return persist(ctx, log, func() error {
		_, err := client.Metadata(ctx)
		if cluster.KindOf(err) == cluster.Stop {
			return Refusal{err}
		}
		return err
	})
}

// persist tries until it succeeds or somebody has to change something, and says so while it waits.
func persist(ctx context.Context, log *slog.Logger, try func() error) error {
	backoff := cluster.Backoff{Min: 250 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := try()
		if err == nil {
			return nil
		}
		if _, refused := errors.AsType[Refusal](err); refused || cluster.KindOf(err) == cluster.Stop {
			return err
		}
		log.Warn("waiting for the brokers", "error", err)
		if err := backoff.Wait(ctx); err != nil {
			return err
		}
	}
}
