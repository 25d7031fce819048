package producer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/internal/cluster"
)

// persist attempts until it works, fails for good, or ctx ends. What fails for good is for the caller to judge.
//
// CONCURRENT_TRANSACTIONS is waited for in small steps: Kafka answers EndTxn before it has written the markers, so that
// a step right behind another meets it all the time, for a few milliseconds. All else that can be retried is trouble,
// and gets time to pass.
func persist(ctx context.Context, attempt func() error) error {
	settling := cluster.Backoff{Min: 2 * time.Millisecond, Max: 64 * time.Millisecond}
	trouble := newTroubleBackoff()
	for {
		err := attempt()
		if !retryable(err) {
			return err
		}
		wait := &trouble
		if errors.Is(err, cluster.ConcurrentTransactions) {
			wait = &settling
		}
		if ended := wait.Wait(ctx); ended != nil {
			return fmt.Errorf("%w, after: %w", ended, err)
		}
	}
}

func newTroubleBackoff() cluster.Backoff {
	return cluster.Backoff{Min: 20 * time.Millisecond, Max: time.Second}
}

func retryable(err error) bool {
	kind := cluster.KindOf(err)
	return kind == cluster.RetrySame || kind == cluster.Retry
}
