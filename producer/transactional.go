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

	// Of the transaction in hand.
	asked       time.Time // when it was asked for
	markersLate bool      // those of the last one held it up

	// No transaction begins any more in this epoch: a request to a coordinator went unanswered, and may still arrive, or
	// markers of the last one may have been passed over.
	doubtful atomic.Bool
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

// renew takes a new epoch, and settles the transaction before it.
func (t *Transactional) renew(ctx context.Context, asker identity) error {
	if err := t.identify(ctx, asker); err != nil {
		return err
	}
	return t.settle(ctx)
}

// identify takes a new epoch, in which no request of an older one counts any more. Not before there are leaders: it makes
// the coordinator forget what a settlement needs to know, which is to follow at once.
func (t *Transactional) identify(ctx context.Context, asker identity) error {
	request := initRequest(t.config.TransactionalID, t.config.TransactionTimeout, asker)
	err := persist(ctx, func() error {
		if err := t.recall(ctx); err != nil {
			return err
		}
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
