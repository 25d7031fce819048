package consumer_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
)

// network is a way to the brokers that can be cut and mended.
type network struct {
	mu    sync.Mutex
	isCut bool
	conns []net.Conn
}

func (n *network) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.isCut {
		return nil, errors.New("the network is cut")
	}
	conn, err := new(net.Dialer).DialContext(ctx, kind, addr)
	if err == nil {
		n.conns = append(n.conns, conn)
	}
	return conn, err
}

// cut ends every connection, and lets no new one come up.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.isCut = true
	for _, conn := range n.conns {
		_ = conn.Close()
	}
	n.conns = nil
}

func (n *network) mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.isCut = false
}

// openByNetwork returns a client whose network can be cut.
func openByNetwork(tb testing.TB, c kafkatest.Cluster) (*cluster.Client, *network) {
	tb.Helper()
	n := &network{}
	client, err := cluster.Open(cluster.Config{Brokers: c.Brokers, Dial: n.dial})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client, n
}
