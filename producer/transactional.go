package producer

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
)

// Transactional writes transactions under one transactional id. One goroutine uses it at a time.
type Transactional struct {
	client      *cluster.Client
	config      Config
	coordinator *cluster.Coordinator
	sender      sender
	planner     planner

	joining  bool // what is written to joins the transaction by that: transactions of version 2 (joining.go)
	ready    bool // a transaction can begin
	identity identity
	outcome  outcome // of the last transaction before this epoch, until it is settled
	cutOff   bool    // of that transaction, and as long: it was aborted in the middle, or a broker was away

	// Of the transaction in hand.
	asked       time.Time // when it was asked for
	markersLate bool      // those of the last one held it up

	// No transaction begins any more in this epoch: a request to a coordinator went unanswered, and may still arrive, or
	// markers of the last one may have been passed over.
	doubtful atomic.Bool

	// The coordinator as it stood when this epoch began. Markers may have been passed over if it was away since, though it
	// left nothing unanswered.
	stood cluster.Standing
}

// NewTransactional returns a producer that needs Init before its first transaction. It does no I/O. There is nothing to
// close: a transaction left open is aborted by the next owner's Init, or by Kafka after TransactionTimeout.
func NewTransactional(client *cluster.Client, config Config) *Transactional {
	t := &Transactional{
		client:      client,
		config:      config.withDefaults(),
		coordinator: client.Coordinator(cluster.TransactionCoordinator, config.TransactionalID),
		sender:      sender{client: client, transactionalID: config.TransactionalID},
	}
	t.sender.unopened = t.unopened
	return t
}

// Init makes this the only producer of the transactional id: an older one is fenced and its open transaction aborted.
// It waits until that is settled, however long, while ctx lives, and settles itself what the brokers may have forgotten
// (leftovers.go). Offsets fetched after it are final.
//
// It is called before the first transaction and after every failure; never by whom the group no longer counts as a
// member, or two processes fence each other in turns.
func (t *Transactional) Init(ctx context.Context) error {
	t.ready = false
	if err := t.agree(ctx); err != nil {
		return t.failed("init", err)
	}
	if err := t.renew(ctx, nobody); err != nil {
		return t.failed("init", err)
	}
	t.ready = true
	return nil
}

// Doubtful reports whether the last transaction may have been left open somewhere. The next Commit sees to it; who has
// nothing to commit calls Settle, as no reader of committed records gets past what is open.
func (t *Transactional) Doubtful() bool { return t.ready && (t.doubtful.Load() || t.wasAway()) }

// Settle ends what the last transaction may have left open, where there is a doubt. It waits as Init does, and after an
// error Init comes first.
func (t *Transactional) Settle(ctx context.Context) error {
	if !t.ready {
		return t.failed("settle", ErrNotInitialized)
	}
	t.ready = false
	if err := t.undoubt(ctx); err != nil {
		return t.failed("settle", err)
	}
	t.ready = true
	return nil
}

// wasAway reports whether the coordinator was away, or is another one, since this epoch began.
func (t *Transactional) wasAway() bool {
	return len(t.config.Partitions) > 0 && t.coordinator.Standing() != t.stood
}

// undoubt takes new epochs until none is in doubt. It asks as the present owner: where there is a newer one, that is a
// fence, and not a theft. A coordinator that goes away in the meantime is for the next transaction to notice, or bad
// connections would keep this one from ever beginning.
func (t *Transactional) undoubt(ctx context.Context) error {
	for away := t.wasAway(); away || t.doubtful.Load(); away = false {
		t.cutOff = true
		if err := t.renew(ctx, t.identity); err != nil {
			return err
		}
	}
	return nil
}

// renew takes a new epoch, and settles the transaction before it. The new epoch makes the coordinator forget what the
// settlement needs to know, so whoever gives up in between is given a little longer.
func (t *Transactional) renew(ctx context.Context, asker identity) error {
	if err := t.identify(ctx, asker); err != nil {
		return err
	}
	ctx, cancel := outliving(ctx, settlementGrace)
	defer cancel()
	return t.settle(ctx)
}

// settlementGrace is how much longer than its caller wants a settlement under way may take.
const settlementGrace = time.Second

// outliving returns a context that ends so much later than ctx.
func outliving(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			end(context.Cause(ctx))
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); end(nil) }
}

// identify takes a new epoch, in which no request of an older one counts any more. Not before there are leaders: it makes
// the coordinator forget what a settlement needs to know, which is to follow at once.
func (t *Transactional) identify(ctx context.Context, asker identity) error {
	request := initRequest(t.config.TransactionalID, t.config.TransactionTimeout, asker)
	err := persist(ctx, func() error {
		if err := t.recall(ctx); err != nil {
			return err
		}
		t.stood = t.coordinator.Standing()
		if err := t.led(ctx); err != nil {
			return err
		}
		return t.askOnce(ctx, t.coordinator, request, func(answer protocol.Message) error {
			given, err := identityIn(answer)
			if err == nil {
				t.identity = given
			}
			return err
		})
	})
	if err == nil {
		t.doubtful.Store(false)
	}
	return err
}

// ask sends a request to a coordinator until verdict finds no error in an answer, or one that no repetition mends, or
// ctx ends. Every request of a transaction may be repeated: done twice it does what it does once.
func (t *Transactional) ask(ctx context.Context, coordinator *cluster.Coordinator, request protocol.Message,
	verdict func(protocol.Message) error) error {
	return persist(ctx, func() error { return t.askOnce(ctx, coordinator, request, verdict) })
}

// askOnce is one attempt of ask.
func (t *Transactional) askOnce(ctx context.Context, coordinator *cluster.Coordinator, request protocol.Message,
	verdict func(protocol.Message) error) error {
	ctx, cancel := context.WithTimeout(ctx, t.client.RequestTimeout())
	defer cancel()
	answer, err := coordinator.RoundTrip(ctx, request)
	if err != nil {
		t.noteStraggler(err)
		return err
	}
	return verdict(answer)
}

// noteStraggler is for requests to coordinators alone: a batch that arrives late is known by its sequence number.
func (t *Transactional) noteStraggler(err error) {
	if unanswered(err) {
		t.doubtful.Store(true)
	}
}

func (t *Transactional) failed(step string, err error) error {
	return &Error{TransactionalID: t.config.TransactionalID, Step: step, Err: err}
}
