package cluster

import (
	"crypto/tls"
	"errors"
	"strconv"
)

// Kind is what to do about an error. It is the whole of what the machine acts on.
type Kind int8

const (
	// RetrySame: send the very same request again, a batch with the same sequence number. It may or may not have been
	// done; done twice it does no harm.
	RetrySame Kind = iota + 1
	// Retry: it was not done, and can be a little later.
	Retry
	// RestartTask: what this producer or member believes is not true any more. Drop it all and start from the log.
	RestartTask
	// Stop: it will not work however often it is tried. Somebody has to change something.
	Stop
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case RetrySame:
		return "retry the same"
	case Retry:
		return "retry"
	case RestartTask:
		return "restart task"
	case Stop:
		return "stop"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// KindOf tells what to do about an error: what the first one in its chain says that has a Kind method, as Kafka's error
// codes do; else by how the request failed. What is not known restarts the task, which is always safe. A caller looks at
// its own context first: a request that the context ended is RetrySame here, for it may have been done. The kind of nil
// is zero.
func KindOf(err error) Kind {
	var (
		judged interface {
			error
			Kind() Kind
		}
		connErr *ConnError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &judged):
		return judged.Kind()
	case errors.Is(err, ErrClosed), errors.Is(err, errNotKafka), isTLSRefusal(err):
		return Stop
	case errors.As(err, &connErr), errors.Is(err, ErrUnknownBroker):
		return RetrySame
	}
	return RestartTask
}

// isTLSRefusal tells certificates that do not verify, and brokers that speak no TLS, from a network that is away.
func isTLSRefusal(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		header      tls.RecordHeaderError
		alert       tls.AlertError
	)
	return errors.As(err, &certificate) || errors.As(err, &header) || errors.As(err, &alert)
}
