package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
)

// CoordinatorKind is what is coordinated: FindCoordinator's key type.
type CoordinatorKind int8

const (
	GroupCoordinator       CoordinatorKind = 0 // the key is a consumer group
	TransactionCoordinator CoordinatorKind = 1 // the key is a transactional id
)

// String returns the kind's noun.
func (k CoordinatorKind) String() string {
	if k == TransactionCoordinator {
		return "transactional id"
	}
	return "group"
}

type coordinatorKey struct {
	kind CoordinatorKind
	key  string
}

// Coordinator reaches the broker that coordinates one group or one transactional id. It is found with the first request
// and kept until it errs; asking before each request, as kafka-go's client does, nearly doubles a transaction's round
// trips. Any number of goroutines may use it.
type Coordinator struct {
	client *Client
	id     coordinatorKey

	finding chan struct{} // holds a token while somebody looks up; a mutex that a context can leave

	mu     sync.Mutex
	broker BrokerID
	known  bool
}

// Coordinator returns the coordinator of a group or transactional id: always the same one for the same key. It does no
// I/O.
func (c *Client) Coordinator(kind CoordinatorKind, key string) *Coordinator {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := coordinatorKey{kind, key}
	if c.coordinators[id] == nil {
		c.coordinators[id] = &Coordinator{client: c, id: id, finding: make(chan struct{}, 1)}
	}
	return c.coordinators[id]
}

// RoundTrip sends a request to the coordinator, looking it up first where it is not known. Like Client.RoundTrip it
// retries nothing; but when no answer came, or one with an error code that says "not here", the coordinator is
// forgotten, so that the caller's next attempt looks it up again.
func (c *Coordinator) RoundTrip(ctx context.Context, request protocol.Message) (protocol.Message, error) {
	broker, err := c.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("find coordinator of %s %q: %w", c.id.kind, c.id.key, err)
	}
	answer, err := c.client.RoundTrip(ctx, broker, request)
	switch {
	case err != nil && !errors.Is(err, context.Canceled): // who gave up by itself learnt nothing about the broker
		c.forget(broker)
	case err == nil && slices.ContainsFunc(codesOf(answer), saysNotHere):
		c.forget(broker)
	}
	return answer, err
}

// Standing tells one time of a coordinator from another. Two that are equal say that the same broker coordinated all the
// while, and that this client, whatever it asked there, found it in reach: of a broker that went away and came back in
// between it hears where a fetch waits there, if nowhere else.
type Standing struct {
	broker BrokerID
	losses uint64
}

// Standing returns that of the coordinator which answered last. It does no I/O.
func (c *Coordinator) Standing() Standing {
	broker, _ := c.cached()
	return Standing{broker: broker, losses: c.client.topology.lossesOf(broker)}
}

// Forget makes the next request look up the coordinator again.
func (c *Coordinator) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = false
}

// forget does nothing where another coordinator was found in the meantime.
func (c *Coordinator) forget(broker BrokerID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broker == broker {
		c.known = false
	}
}

func (c *Coordinator) find(ctx context.Context) (BrokerID, error) {
	if broker, known := c.cached(); known {
		return broker, nil
	}
	select {
	case c.finding <- struct{}{}:
		defer func() { <-c.finding }()
	case <-ctx.Done():
		return 0, &ConnError{Addr: "any broker", Request: protocol.FindCoordinator.String(), Err: context.Cause(ctx)}
	}
	if broker, known := c.cached(); known { // who held the token before has found it
		return broker, nil
	}
	return c.lookUp(ctx)
}

func (c *Coordinator) lookUp(ctx context.Context) (BrokerID, error) {
	answer, err := c.client.AnyBroker(ctx, &findcoordinator.Request{Key: c.id.key, KeyType: int8(c.id.kind)})
	if err != nil {
		return 0, err
	}
	response := answer.(*findcoordinator.Response)
	if err := ErrorOf(response.ErrorCode); err != nil {
		return 0, err
	}
	broker := BrokerID(response.NodeID)
	c.client.topology.learnAddress(broker, response.Host, response.Port)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broker, c.known = broker, true
	return broker, nil
}

func (c *Coordinator) cached() (BrokerID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broker, c.known
}

func saysNotHere(code Error) bool { return code == NotCoordinator || code == CoordinatorNotAvailable }
