package producer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardstream/internal/cluster"
)

// persist attempts until it works, fails for good, or ctx ends. What fails for good is for the caller to judge.
func persist(ctx context.Context, attempt func() error) error {
	between := newPatience()
	for {
		err := attempt()
		if !retryable(err) {
			return err
		}
		if ended := between.wait(ctx, err); ended != nil {
			return fmt.Errorf("%w, after: %w", ended, err)
		}
	}
}

// patience spaces out attempts by why they failed. CONCURRENT_TRANSACTIONS is waited for in small steps: Kafka answers
// EndTxn before it has written the markers, so that a step right behind another meets it all the time, for a few
// milliseconds. All else that can be retried is trouble, and gets time to pass.
type patience struct{ settling, trouble cluster.Backoff }

func newPatience() patience {
	return patience{
		settling: cluster.Backoff{Min: 2 * time.Millisecond, Max: 64 * time.Millisecond},
		trouble:  cluster.Backoff{Min: 20 * time.Millisecond, Max: time.Second},
	}
}

// wait waits after an attempt that failed with err, or returns the cause of ctx's end.
func (p *patience) wait(ctx context.Context, err error) error {
	if errors.Is(err, cluster.ConcurrentTransactions) {
		return p.settling.Wait(ctx)
	}
	return p.trouble.Wait(ctx)
}

// reset makes the next waits first ones: after a success.
func (p *patience) reset() {
	p.settling.Reset()
	p.trouble.Reset()
}

func retryable(err error) bool {
	kind := cluster.KindOf(err)
	return kind == cluster.RetrySame || kind == cluster.Retry
}
