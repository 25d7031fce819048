package schemas

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// The bounds of a pause between two requests to the registry.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
)

// backoff waits longer each time, with jitter: processes that lost the registry together do not come back together.
type backoff struct{ ceiling time.Duration }

// wait returns when the pause is over, or with ctx's error.
func (b *backoff) wait(ctx context.Context) error {
	b.ceiling = min(max(2*b.ceiling, firstPause), maxPause)
	timer := time.NewTimer(b.ceiling/2 + rand.N(b.ceiling/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retry calls until there is an answer, which may be an error that final says is one. Everything else (a registry that
// is away, or answers nonsense) is waited for, as long as ctx lives.
func retry[T any](
	ctx context.Context, log *slog.Logger, final func(error) bool, call func(context.Context) (T, error),
) (T, error) {
	var pause backoff
	for {
		v, err := call(ctx)
		switch {
		case err == nil || isValueError(err):
			return v, err
		case final(err):
			return v, fmt.Errorf("schema registry: %w", explain(err))
		case ctx.Err() != nil:
			return v, context.Cause(ctx)
		}
		log.WarnContext(ctx, "schema registry gives no answer: trying again", "error", explain(err))
		if err := pause.wait(ctx); err != nil {
			return v, err
		}
	}
}
