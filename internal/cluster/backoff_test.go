package cluster_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/internal/cluster"
)

func TestBackoffGrowsToItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bounds := []int{10, 20, 40, 80, 100, 100} // milliseconds
		longest := make([]time.Duration, len(bounds))
		for range 200 {
			b := cluster.Backoff{Min: 10 * time.Millisecond, Max: 100 * time.Millisecond}
			for i, milliseconds := range bounds {
				bound := time.Duration(milliseconds) * time.Millisecond
				start := time.Now()
				if err := b.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				waited := time.Since(start)
				if waited <= 0 || waited > bound {
					t.Fatalf("wait %d took %v, at most %v is allowed", i, waited, bound)
				}
				longest[i] = max(longest[i], waited)
			}
		}
		for i, milliseconds := range bounds {
			bound := time.Duration(milliseconds) * time.Millisecond
			if longest[i] < bound*8/10 {
				t.Errorf("wait %d was never longer than %v: its bound is %v", i, longest[i], bound)
			}
		}
	})
}

func TestBackoffEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("the task has ended")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		b := cluster.Backoff{Min: time.Hour, Max: time.Hour}
		start := time.Now()
		for range 2 { // the second time at once
			if err := b.Wait(ctx); err != nil && !errors.Is(err, cause) {
				t.Errorf("the wait says %v", err)
			}
		}
		if waited := time.Since(start); waited > time.Hour {
			t.Errorf("waited for %v", waited)
		}
	})
}

func TestBackoffResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := cluster.Backoff{Min: time.Millisecond, Max: time.Hour}
		for range 10 {
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.Reset()
		start := time.Now()
		if err := b.Wait(t.Context()); err != nil || time.Since(start) > time.Millisecond {
			t.Errorf("after a reset: %v, %v", time.Since(start), err)
		}
	})
}
