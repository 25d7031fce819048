package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
)

// encrypt wraps the connection in TLS where config asks for it. The handshake comes with the first write. It returns
// a connection also with an error, to be closed.
func encrypt(network net.Conn, config *tls.Config, addr string) (net.Conn, error) {
	if config == nil {
		return network, nil
	}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return network, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	return tls.Client(network, config), nil
}

// authenticate runs a SASL exchange and returns how long the session lives, zero meaning for ever (KIP-368).
func authenticate(ctx context.Context, wire *protocol.Conn, mechanism sasl.Mechanism, addr string) (time.Duration, error) {
	if err := handshake(wire, mechanism.Name()); err != nil {
		return 0, err
	}
	metadata, err := saslMetadata(addr)
	if err != nil {
		return 0, err
	}
	ctx = sasl.WithMetadata(ctx, metadata)
	session, state, err := mechanism.Start(ctx)
	if err != nil {
		return 0, err
	}
	for {
		response, err := exchange(wire, state)
		if err != nil {
			return 0, err
		}
		completed, next, err := session.Next(ctx, response.AuthBytes)
		if err != nil {
			// The broker's proof did not verify, or its words were none of the mechanism's.
			return 0, fmt.Errorf("%w: %w", SASLAuthenticationFailed, err)
		}
		if completed {
			return time.Duration(response.SessionLifetimeMs) * time.Millisecond, nil
		}
		state = next
	}
}

func handshake(wire *protocol.Conn, mechanism string) error {
	answer, err := wire.RoundTrip(&saslhandshake.Request{Mechanism: mechanism})
	if err != nil {
		return err
	}
	response := answer.(*saslhandshake.Response)
	if err := ErrorOf(response.ErrorCode); err != nil {
		return fmt.Errorf("%w: the broker offers %q", err, response.Mechanisms)
	}
	return nil
}

func exchange(wire *protocol.Conn, state []byte) (*saslauthenticate.Response, error) {
	answer, err := wire.RoundTrip(&saslauthenticate.Request{AuthBytes: state})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		// Kafka says no by a code. One that hangs up is going down; other servers may mean the password.
		return nil, fmt.Errorf("%w: the broker closed the connection", err)
	}
	if err != nil {
		return nil, err
	}
	response := answer.(*saslauthenticate.Response)
	if err := ErrorOf(response.ErrorCode); err != nil {
		return nil, fmt.Errorf("%w: %s", err, response.ErrorMessage)
	}
	return response, nil
}

func saslMetadata(addr string) (*sasl.Metadata, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	return &sasl.Metadata{Host: host, Port: number}, err
}
