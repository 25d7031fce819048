package cluster

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned by a client after Close.
	ErrClosed = errors.New("kafka client is closed")

	// ErrUnknownBroker is returned for a broker that the cluster does not list: it is down, or its id is wrong.
	ErrUnknownBroker = errors.New("broker is not in the cluster's metadata")

	// errNotKafka: whatever listens there speaks another protocol.
	errNotKafka = errors.New("not a Kafka broker")
)

// ConnError is a request that got no answer.
type ConnError struct {
	Addr    string // host:port
	Request string // the request's name in Kafka's protocol
	Sent    bool   // the broker may have received it, and acted on it
	Err     error
}

// Error names the broker and what failed.
func (e *ConnError) Error() string {
	if !e.Sent {
		return fmt.Sprintf("connect to %s: %v", e.Addr, e.Err)
	}
	return fmt.Sprintf("%s at %s: no answer: %v", e.Request, e.Addr, e.Err)
}

// Unwrap returns what failed.
func (e *ConnError) Unwrap() error { return e.Err }

// NotSent reports whether the error is of a request that surely reached no broker.
func NotSent(err error) bool {
	var connErr *ConnError
	return errors.As(err, &connErr) && !connErr.Sent
}

// unreached reports whether the error says that a broker was not there, or went away, and not that the caller gave up.
func unreached(err error) bool {
	var connErr *ConnError
	lost := errors.As(err, &connErr) || errors.Is(err, ErrUnknownBroker)
	return lost && !errors.Is(err, context.Canceled)
}

// Error is an error code of Kafka's protocol (org.apache.kafka.common.protocol.Errors).
type Error int16

// ErrorOf returns the error of a code in an answer: nil for zero.
func ErrorOf(code int16) error {
	if code == 0 {
		return nil
	}
	return Error(code)
}

// Error returns the code's name in Kafka and the code, in the form "NOT_COORDINATOR (16)".
func (e Error) Error() string { return fmt.Sprintf("%s (%d)", e.Name(), int16(e)) }

// Name returns the code's name in Kafka.
func (e Error) Name() string {
	if row, known := errorTable[e]; known {
		return row.name
	}
	return "UNKNOWN_ERROR_CODE"
}

// Kind returns what to do about it: RestartTask for a code that is not in the table, since starting again from the log
// is always safe.
func (e Error) Kind() Kind {
	if row, known := errorTable[e]; known {
		return row.kind
	}
	return RestartTask
}

// Reason says why that is what to do about it.
func (e Error) Reason() string {
	if row, known := errorTable[e]; known {
		return row.reason
	}
	return "not known here, and starting again from the log is always safe"
}
