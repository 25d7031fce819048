package schemas

import (
	"context"
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

// retry calls until the registry has given an answer, which may be that there is none (isNotFound) or that it is no good
// (*Error). A registry that is away, refuses us, or answers nonsense is waited for: which of these ends by itself cannot
// be told from here.
func retry[T any](ctx context.Context, log *slog.Logger, call func(context.Context) (T, error)) (T, error) {
	var pause backoff
	for {
		v, err := call(ctx)
		if err == nil || isNotFound(err) || isValueError(err) {
			return v, err
		}
		if ctx.Err() != nil {
			return v, context.Cause(ctx)
		}
		log.WarnContext(ctx, "schema registry gives no answer: trying again", "error", err)
		if err := pause.wait(ctx); err != nil {
			return v, err
		}
	}
}
