package cluster_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
)

// Requests that follow each other share a connection; side by side they do not wait for each other.
func TestConnectionsAreUsedAgain(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1))
	var c counter
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), Dial: c.dial})
	for range 5 {
		if _, err := client.Metadata(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if made, open := c.counts(); made != 1 || open != 1 {
		t.Errorf("%d connections made, %d open, want one", made, open)
	}
	client.Close()
	if _, open := c.counts(); open != 0 {
		t.Errorf("%d connections are open after Close", open)
	}
}

// What a broker has closed is not tried again and again: the first failure closes all idle connections to it.
func TestABrokerThatHungUpCostsOneRequest(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1))
	var c counter
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), Dial: c.dial})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := client.Metadata(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	server.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		return nil, errors.New("hang up"), true
	})
	if _, err := client.Metadata(t.Context()); err == nil || cluster.NotSent(err) {
		t.Errorf("the broker hung up, but: %v", err)
	}
	if _, open := c.counts(); open != 0 {
		t.Errorf("%d connections are open still", open)
	}
	if _, err := client.Metadata(t.Context()); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

func TestIdleConnectionsAreClosedAfterATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		server, err := kfake.NewCluster(kfake.Ports(9092), kfake.ListenFn(network.Listen))
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		c := counter{on: network.DialContext}
		client, err := cluster.Open(cluster.Config{Brokers: server.ListenAddrs(), Dial: c.dial, IdleTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for range 3 { // each use starts the time anew
			if _, err := client.Metadata(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-time.After(50 * time.Second)
		}
		if made, open := c.counts(); made != 1 || open != 1 {
			t.Errorf("%d connections made, %d open, want one", made, open)
		}
		<-time.After(11 * time.Second)
		if _, open := c.counts(); open != 0 {
			t.Errorf("%d connections are open after their time", open)
		}
		if _, err := client.Metadata(t.Context()); err != nil {
			t.Errorf("the next request: %v", err)
		}
	})
}

// counter makes connections and counts them.
type counter struct {
	on func(ctx context.Context, network, addr string) (net.Conn, error)

	mu         sync.Mutex
	made, open int
}

func (c *counter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := c.on
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.add(1, 1)
	return &countedConn{Conn: conn, counter: c}, nil
}

func (c *counter) add(made, open int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made += made
	c.open += open
}

func (c *counter) counts() (made, open int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made, c.open
}

type countedConn struct {
	net.Conn
	counter *counter
	once    sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.counter.add(0, -1) })
	return c.Conn.Close()
}
