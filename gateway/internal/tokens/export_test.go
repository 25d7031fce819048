package tokens

import (
	"context"
	"time"
)

// AwaitAttempt waits until an attempt to read keys is over, the first one or the first since Age. An attempt is over a
// little after its keys can be used.
func AwaitAttempt(ctx context.Context, k *Keys) error {
	for {
		k.mu.Lock()
		at, tried := k.at, k.tried
		k.mu.Unlock()
		if !at.IsZero() {
			return nil
		}
		select {
		case <-tried:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Age makes the last attempt to read keys long ago. There is one.
func Age(k *Keys) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Time{}
}
