package producer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"cardstream/internal/cluster"
)

// sender writes lanes to their leaders.
type sender struct {
	client          *cluster.Client
	transactionalID string // empty outside transactions
	joining         bool   // partitions join the transaction by what is written: its first batch opens it

	// unopened judges an attempt to write the first batches of such a transaction of which none succeeded: it returns nil
	// where the same can be sent again.
	unopened func(ctx context.Context, lanes []*lane) error
}

// maxRequestBytes bounds what one request carries of batches, far below a broker's socket.request.max.bytes (100 MiB).
// What does not fit goes with the next round.
const maxRequestBytes = 16 << 20

// send returns nil once every batch is written. It goes in rounds: the first unwritten batch of every lane, those of one
// leader in one request, all leaders at once. What can be sent again is, the very same bytes, until ctx ends. On any
// other failure it returns that; each batch then knows its own fate.
func (s *sender) send(ctx context.Context, lanes []*lane) error {
	between := newPatience()
	for {
		requests, leaderless, err := s.route(ctx, lanes)
		if err != nil {
			return err
		}
		s.attempt(ctx, requests)
		again, err := s.settle(requests)
		if err != nil {
			return err
		}
		switch again = cmp.Or(leaderless, again); {
		case again != nil:
			if s.joining && !slices.ContainsFunc(lanes, (*lane).begun) {
				if err := s.unopened(ctx, lanes); err != nil {
					return fmt.Errorf("%w, after: %w", err, again)
				}
			}
			if ended := between.wait(ctx, again); ended != nil {
				return fmt.Errorf("%w, after: %w", ended, again)
			}
		case len(requests) == 0:
			return nil
		default:
			between.reset()
		}
	}
}

// request is one produce request: the heads of lanes that one broker leads.
type request struct {
	broker cluster.BrokerID
	lanes  []*lane
	bytes  int
}

// add takes a lane in if there is room, and always the first.
func (r *request) add(l *lane) {
	if size := len(l.head().sized); len(r.lanes) == 0 || r.bytes+size <= maxRequestBytes {
		r.lanes = append(r.lanes, l)
		r.bytes += size
	}
}

// route finds the leaders of what is left to write. A lane that has none for the moment stays behind, with its error in
// leaderless; one that can never have one fails all.
func (s *sender) route(ctx context.Context, lanes []*lane) (requests []*request, leaderless, fatal error) {
	byBroker := map[cluster.BrokerID]*request{}
	for _, l := range lanes {
		if l.done() {
			continue
		}
		leader, err := s.client.Leader(ctx, l.tp)
		if retryable(err) {
			leaderless = err
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if byBroker[leader] == nil {
			byBroker[leader] = &request{broker: leader}
			requests = append(requests, byBroker[leader])
		}
		byBroker[leader].add(l)
	}
	return requests, leaderless, nil
}

// attempt sends all requests side by side and waits for every answer.
func (s *sender) attempt(ctx context.Context, requests []*request) {
	var others sync.WaitGroup
	for i, r := range requests {
		if i < len(requests)-1 {
			others.Go(func() { s.produce(ctx, r) })
		} else {
			s.produce(ctx, r) // most often the only one
		}
	}
	others.Wait()
}

// settle moves on the lanes whose batches are written. Of the others it returns an error that sending again may mend,
// and one that it cannot.
func (s *sender) settle(requests []*request) (again, fatal error) {
	for _, r := range requests {
		for _, l := range r.lanes {
			switch err := l.head().err; {
			case err == nil:
				l.next++
			case resendable(err):
				if !errors.Is(err, cluster.ConcurrentTransactions) { // which says that the leader is where it was
					s.client.ForgetLeader(l.tp, r.broker)
				}
				if again == nil || !errors.Is(err, cluster.ConcurrentTransactions) {
					again = fmt.Errorf("%s: %w", l.tp, err) // trouble gets more time than markers do
				}
			default:
				fatal = fmt.Errorf("%s: %w", l.tp, err)
			}
		}
	}
	return again, fatal
}

// produce makes one attempt, bounded by the request time-out, and writes down what became of each batch.
func (s *sender) produce(ctx context.Context, r *request) {
	timeout := s.client.RequestTimeout()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The leader gives up on its followers a little before we give up on the leader: a clear answer beats none.
	answer, err := s.client.RoundTrip(ctx, r.broker, s.message(r.lanes, timeout-timeout/4))
	if err != nil {
		for _, l := range r.lanes {
			l.head().failed(err)
		}
		return
	}
	readAnswer(answer, r.lanes)
}
