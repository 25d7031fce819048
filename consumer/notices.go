package consumer

import (
	"context"
	"sync"
)

// notices brings assignments to the group's owner, in order and each of them: were two made one, a partition that was
// lost and given back in between would not be seen to have changed hands. Whoever adds never waits for the owner.
type notices struct {
	more chan struct{} // holds a token when the queue may have something

	mu    sync.Mutex
	queue []Assignment
}

func newNotices() *notices { return &notices{more: make(chan struct{}, 1)} }

func (n *notices) add(a Assignment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = append(n.queue, a)
	select {
	case n.more <- struct{}{}:
	default:
	}
}

func (n *notices) next() (a Assignment, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue) == 0 {
		return Assignment{}, false
	}
	a, n.queue = n.queue[0], n.queue[1:]
	return a, true
}

// deliver calls tell with each until ctx ends.
func (n *notices) deliver(ctx context.Context, tell func(Assignment)) {
	for {
		select {
		case <-n.more:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			a, ok := n.next()
			if !ok {
				break
			}
			tell(a)
		}
	}
}
