package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// BrokerID is a broker's node id: what leaders and coordinators are named by.
type BrokerID int32

// Client reaches one cluster. All of its methods may be called by any number of goroutines.
type Client struct {
	config   Config
	pool     *pool
	topology *topology

	mu           sync.Mutex
	coordinators map[coordinatorKey]*Coordinator
}

// Open checks the settings and returns a client. It does no I/O: brokers that are away show at the first request. The
// caller calls Close when nothing uses the client any more.
func Open(config Config) (*Client, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("open kafka client: %w", err)
	}
	c := &Client{
		config:       config.withDefaults(),
		topology:     newTopology(config.Brokers),
		coordinators: map[coordinatorKey]*Coordinator{},
	}
	c.pool = newPool(&c.config)
	return c, nil
}

// ClientID is the name of this process to the brokers, for requests that are written by hand.
func (c *Client) ClientID() string { return c.config.ClientID }

// Close ends every connection. A request still under way fails with ErrClosed, and so does any later one.
func (c *Client) Close() { c.pool.close() }

// RequestTimeout is the bound of a request whose context has no deadline: for callers that give each attempt of a
// longer work its own.
func (c *Client) RequestTimeout() time.Duration { return c.config.RequestTimeout }

// RoundTrip sends a request to one broker and returns its answer, whose error codes the caller reads. It waits until
// the deadline of ctx, or the request time-out where ctx has none: a request that waits at the broker (a fetch, a join)
// needs a deadline beyond that wait. A *ConnError means that no answer came; its Sent tells whether the broker may have
// acted. Nothing is retried.
//
// Where the broker's address is not known, the cluster is asked first; ErrUnknownBroker if it does not know either.
func (c *Client) RoundTrip(ctx context.Context, broker BrokerID, request protocol.Message) (protocol.Message, error) {
	answer, err := c.roundTrip(ctx, broker, request)
	if unreached(err) {
		c.topology.noteLoss(broker)
	}
	return answer, err
}

func (c *Client) roundTrip(ctx context.Context, broker BrokerID, request protocol.Message) (protocol.Message, error) {
	addr, known := c.topology.address(broker)
	if !known {
		if _, err := c.Metadata(ctx); err != nil {
			return nil, fmt.Errorf("find broker %d: %w", broker, err)
		}
		if addr, known = c.topology.address(broker); !known {
			return nil, fmt.Errorf("%w: %d", ErrUnknownBroker, broker)
		}
	}
	answer, err := c.pool.roundTrip(ctx, addr, request)
	if NotSent(err) {
		c.topology.forgetAddress(broker, addr) // it may have moved: ask again before the next attempt
	}
	return answer, err
}

// AnyBroker sends a request to brokers in turn, starting with the one that answered last, until one answers. Each gets
// its share of the time that is left, so that one which stands still does not use up the others' turns. A request that
// must not be done twice has no place here.
func (c *Client) AnyBroker(ctx context.Context, request protocol.Message) (protocol.Message, error) {
	var last error
	candidates := c.topology.candidates()
	for i, addr := range candidates {
		answer, err := c.attempt(ctx, addr, len(candidates)-i, request)
		if err == nil {
			c.topology.prefer(addr)
			return answer, nil
		}
		if ctx.Err() != nil || KindOf(err) == Stop {
			return nil, err
		}
		last = err
	}
	if len(candidates) > 1 {
		last = fmt.Errorf("none of %d brokers answered, the last: %w", len(candidates), last)
	}
	return nil, last
}

func (c *Client) attempt(ctx context.Context, addr string, left int, request protocol.Message) (protocol.Message, error) {
	share := c.config.RequestTimeout
	if deadline, bounded := ctx.Deadline(); bounded {
		share = min(share, time.Until(deadline)/time.Duration(left))
	}
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	return c.pool.roundTrip(ctx, addr, request)
}
