package cluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/sasl"
)

// Config says how to reach a cluster. The zero value of every field but Brokers works with a plain local Kafka.
type Config struct {
	// Brokers are the bootstrap addresses, host:port. One that answers is enough.
	Brokers []string

	// ClientID names this process in the brokers' logs and quotas. Empty means "cardstream".
	ClientID string

	// TLS encrypts every connection. Nil means plain text; an empty ServerName means the host of the broker's address.
	TLS *tls.Config

	// SASL authenticates every connection: kafka-go's sasl/plain and sasl/scram. Nil means none.
	SASL sasl.Mechanism

	// DialTimeout bounds making a connection, TLS, versions and SASL included. Zero means 3 s.
	DialTimeout time.Duration

	// RequestTimeout bounds a request whose context has no deadline of its own. Zero means 10 s.
	RequestTimeout time.Duration

	// IdleTimeout is how long a connection is kept unused: less than a broker's connections.max.idle.ms, so that this
	// end closes first. Zero means 1 min.
	IdleTimeout time.Duration

	// Dial makes the network connection. Nil means a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	c.ClientID = cmp.Or(c.ClientID, "cardstream")
	c.DialTimeout = cmp.Or(c.DialTimeout, 3*time.Second)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 10*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, time.Minute)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return c
}

// Validate reports everything that cannot be right, all at once. It does no I/O.
func (c Config) Validate() error {
	var problems []error
	if len(c.Brokers) == 0 {
		problems = append(problems, errors.New("no brokers"))
	}
	for _, addr := range c.Brokers {
		if err := validateAddress(addr); err != nil {
			problems = append(problems, fmt.Errorf("broker %q: %w", addr, err))
		}
	}
	for name, timeout := range map[string]time.Duration{
		"dial time-out": c.DialTimeout, "request time-out": c.RequestTimeout, "idle time-out": c.IdleTimeout,
	} {
		if timeout < 0 {
			problems = append(problems, fmt.Errorf("%s %v: negative", name, timeout))
		}
	}
	return errors.Join(problems...)
}

func validateAddress(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("not host:port")
	}
	if host == "" {
		return errors.New("no host")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return nil
}
