package consumer

import (
	"context"
	"fmt"

	"cardstream/internal/cluster"
)

// retry does a request that is safe to repeat until it succeeds, fails for good, or ctx ends. Each attempt is bounded by
// the client's request time-out, so that one broker that stands still does not use up all the time there is.
func retry(ctx context.Context, client *cluster.Client, what string, attempt func(context.Context) error) error {
	backoff := cluster.Backoff{Min: leastBackoff, Max: mostBackoff}
	var before error // what the last attempt failed with
	for {
		bounded, cancel := context.WithTimeout(ctx, client.RequestTimeout())
		err := attempt(bounded)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil && before != nil { // cut off in the middle, which does not tell why there was no end to it
			return fmt.Errorf("%s: %w, after %w", what, err, before)
		}
		if kind := cluster.KindOf(err); kind != cluster.Retry && kind != cluster.RetrySame || ctx.Err() != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		before = err
		if backoff.Wait(ctx) != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
