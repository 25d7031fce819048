package devkafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
)

// listeners are the brokers' ports, opened before the brokers exist so that an address in use is a plain error, and the
// connections accepted on them: kfake leaves those to its clients to end, a Cluster ends them itself.
type listeners struct {
	tls    *tls.Config
	open   func(ctx context.Context, network, address string) (net.Listener, error)
	topics timestampTypes
	epochs epochs

	mu      sync.Mutex
	ready   []net.Listener // opened, not yet handed to kfake
	all     []net.Listener
	conns   map[net.Conn]struct{}
	closing bool
}

// listen opens a port for each broker: the configured one for the first, picked ones for the others.
func listen(ctx context.Context, config Config) (*listeners, error) {
	l := &listeners{tls: config.TLS, open: config.Listen, conns: make(map[net.Conn]struct{})}
	address := config.KafkaAddr
	for range config.Brokers {
		opened, err := l.open(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen for Kafka clients: %w", errors.Join(err, l.Close()))
		}
		l.ready = append(l.ready, opened)
		l.all = append(l.all, opened)
		address = "127.0.0.1:0"
	}
	return l, nil
}

// next is kfake's way to open a port. It gives out those opened by listen; a broker that a test adds later gets a new
// one.
func (l *listeners) next(network, address string) (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) == 0 {
		added, err := l.open(context.Background(), network, address)
		if err != nil {
			return nil, err
		}
		l.ready = append(l.ready, added)
		l.all = append(l.all, added)
	}
	next := l.ready[0]
	l.ready = l.ready[1:]
	return &listener{Listener: next, of: l}, nil
}

func (l *listeners) addrs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	addrs := make([]string, len(l.all))
	for i, listener := range l.all {
		addrs[i] = listener.Addr().String()
	}
	return addrs
}

// Close ends every port and connection. A port that kfake has closed already is none.
func (l *listeners) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
	var errs []error
	for _, listener := range l.all {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for conn := range l.conns {
		_ = conn.Close() // the peer may be gone already: nothing is lost by that
	}
	return errors.Join(errs...)
}

// admit remembers a connection, or ends it if the cluster is closing.
func (l *listeners) admit(conn net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		_ = conn.Close() // as above
	}
	l.conns[conn] = struct{}{}
	return conn
}

func (l *listeners) forget(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}

type listener struct {
	net.Listener
	of *listeners
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	served := l.of.admit(conn)
	if l.of.tls != nil {
		served = tls.Server(conn, l.of.tls)
	}
	return newWire(&connection{Conn: served, done: func() { l.of.forget(conn) }}, &l.of.topics, &l.of.epochs), nil
}

// connection forgets itself when it is closed.
type connection struct {
	net.Conn
	done func()
}

func (c *connection) Close() error {
	c.done()
	return c.Conn.Close()
}
