package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
)

// conn is one connection to one broker: authenticated, its versions agreed, and carrying one request at a time. Two in
// flight could overtake each other where the first of them is retried.
type conn struct {
	addr      string
	wire      *protocol.Conn
	versions  versions
	expires   time.Time   // the SASL session's end; zero where there is none
	idleTimer *time.Timer // runs while the connection stands in its pool
}

// connect makes a connection that is ready for requests.
func connect(ctx context.Context, config *Config, addr string) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, config.DialTimeout)
	defer cancel()
	network, err := config.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	network, err = encrypt(network, config.TLS, addr)
	if err != nil {
		_ = network.Close()
		return nil, err
	}
	c := &conn{addr: addr, wire: protocol.NewConn(network, config.ClientID)}
	if err := c.during(ctx, func() error { return c.greet(ctx, config) }); err != nil {
		_ = c.wire.Close()
		return nil, err
	}
	return c, nil
}

// greet agrees on versions and authenticates, the dance of kafka-go's own transport.
func (c *conn) greet(ctx context.Context, config *Config) error {
	if err := c.agreeVersions(config.ClientID); err != nil {
		return fmt.Errorf("agree on versions: %w", err)
	}
	if config.SASL == nil {
		return nil
	}
	lifetime, err := authenticate(ctx, c.wire, config.SASL, c.addr)
	if err != nil {
		return fmt.Errorf("authenticate by %s: %w", config.SASL.Name(), err)
	}
	if lifetime > 0 {
		// A broker cuts a connection that outlives its session (KIP-368). A tenth is left for the last request.
		c.expires = time.Now().Add(lifetime - lifetime/10)
	}
	return nil
}

// agreeVersions asks for the broker's versions. It looks at the answer's first bytes before kafka-go decodes it: what
// speaks another protocol (a registry's address given for a broker's) would be taken for lengths of gigabytes.
func (c *conn) agreeVersions(clientID string) error {
	const correlationID, headerBytes, mostBytes = 0, 8, 1 << 20
	if err := protocol.WriteRequest(c.wire, 0, correlationID, clientID, new(apiversions.Request)); err != nil {
		return err
	}
	if header, err := c.wire.Peek(headerBytes); err == nil {
		size, id := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[4:])
		if size > mostBytes || id != correlationID {
			return fmt.Errorf("%w: the answer begins with %q", errNotKafka, header)
		}
	}
	_, answer, err := protocol.ReadResponse(c.wire, protocol.ApiVersions, 0)
	if err != nil {
		return err
	}
	response := answer.(*apiversions.Response)
	if err := ErrorOf(response.ErrorCode); err != nil {
		return err
	}
	c.versions = agree(response.ApiKeys)
	c.wire.SetVersions(c.versions)
	return nil
}

// roundTrip sends one request and reads its answer. After an error the connection is of no use any more; so it is
// where intact is false though the answer arrived, because the context ended at the same moment.
func (c *conn) roundTrip(ctx context.Context, request protocol.Message) (answer protocol.Message, intact bool, err error) {
	err = c.during(ctx, func() (err error) {
		answer, err = c.wire.RoundTrip(request)
		return err
	})
	return answer, err == nil && ctx.Err() == nil, err
}

// during runs do under ctx: its deadline is the connection's, and its end closes the connection at once. Of the two the
// connection is a hair earlier at times. The context's end is waited for then, so that whoever hears that time is up, and
// looks whose time, finds it ended.
func (c *conn) during(ctx context.Context, do func() error) error {
	deadline, _ := ctx.Deadline()
	if err := c.wire.SetDeadline(deadline); err != nil {
		return causeOf(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.wire.Close() })
	defer stop()
	if err := do(); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) && !deadline.IsZero() && !time.Now().Before(deadline) {
			<-ctx.Done()
		}
		return causeOf(ctx, err)
	}
	return nil
}

func (c *conn) expired() bool {
	return !c.expires.IsZero() && time.Now().After(c.expires)
}

// causeOf prefers the context's end over "use of closed network connection", which it led to.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
