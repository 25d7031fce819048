package cluster_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/record"
)

func TestSettingsAreCheckedAllAtOnce(t *testing.T) {
	_, err := cluster.Open(cluster.Config{Brokers: []string{"nowhere", "host:0", ":9092", "host:99999"}, DialTimeout: -1})
	const want = `open kafka client: broker "nowhere": not host:port
broker "host:0": port "0" is not a number from 1 to 65535
broker ":9092": no host
broker "host:99999": port "99999" is not a number from 1 to 65535
dial time-out -1ns: negative`
	if err == nil || err.Error() != want {
		t.Errorf("it says:\n%v\nwant:\n%s", err, want)
	}
	if _, err := cluster.Open(cluster.Config{}); err == nil {
		t.Error("no brokers, no error")
	}
}

// One broker of the list that answers is enough; the others refuse, or take connections and never say a word.
func TestDeadBootstrapBrokers(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	refusing, silent := mustListen(t), mustListen(t)
	if err := refusing.Close(); err != nil {
		t.Fatal(err)
	}
	client := mustOpen(t, cluster.Config{DialTimeout: 2 * time.Second, // holds for the one that answers too
		Brokers: append([]string{refusing.Addr().String(), silent.Addr().String()}, server.ListenAddrs()...)})
	if _, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t"}); err != nil {
		t.Error(err)
	}
}

func TestNoBrokerAnswers(t *testing.T) {
	refusing := mustListen(t)
	if err := refusing.Close(); err != nil {
		t.Fatal(err)
	}
	client := mustOpen(t, cluster.Config{Brokers: []string{refusing.Addr().String()}})
	_, err := client.Metadata(t.Context())
	if !cluster.NotSent(err) || cluster.KindOf(err) != cluster.RetrySame {
		t.Errorf("%v: not sent %v, kind %v", err, cluster.NotSent(err), cluster.KindOf(err))
	}
}

// An address of something else (a registry, say) is told from a broker that is away.
func TestWhatIsNoKafkaStops(t *testing.T) {
	listener := mustListen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"))
		_ = conn.Close()
	}()
	client := mustOpen(t, cluster.Config{Brokers: []string{listener.Addr().String()}})
	if _, err := client.Metadata(t.Context()); cluster.KindOf(err) != cluster.Stop {
		t.Errorf("kind %v of %v, want stop", cluster.KindOf(err), err)
	}
	<-done
}

func TestAContextEndsABlockedRoundTripAtOnce(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	// A round trip that is not ended has the fetch's answer after a minute, and no error.
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), RequestTimeout: time.Hour})
	leader, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	arrived := server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Observe: true, Count: -1})
	cause := errors.New("the task has ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() {
		_, err := client.RoundTrip(ctx, leader, longFetch())
		done <- err
	}()
	if err := arrived.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) || cluster.NotSent(err) {
		t.Errorf("the round trip says %v, not sent %v", err, cluster.NotSent(err))
	}
}

func TestCloseEndsABlockedRoundTrip(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	leader, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	arrived := server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Observe: true, Count: -1})
	done := make(chan error)
	go func() {
		_, err := client.RoundTrip(t.Context(), leader, longFetch())
		done <- err
	}()
	if err := arrived.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if err := <-done; !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("the round trip says %v", err)
	}
	if _, err := client.Metadata(t.Context()); !errors.Is(err, cluster.ErrClosed) || cluster.KindOf(err) != cluster.Stop {
		t.Errorf("after Close: %v", err)
	}
}

// A request without a deadline of its own is bounded by the request time-out.
func TestEveryRequestHasADeadline(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), RequestTimeout: 50 * time.Millisecond})
	tp := record.TopicPartition{Topic: "t"}
	leader, err := client.Leader(t.Context(), tp)
	for cluster.KindOf(err) == cluster.RetrySame { // it has the same bound, which a slow machine exceeds
		leader, err = client.Leader(t.Context(), tp)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RoundTrip(t.Context(), leader, longFetch()); cluster.KindOf(err) != cluster.RetrySame {
		t.Errorf("kind %v of %v", cluster.KindOf(err), err)
	}
}

func TestAnUnknownBroker(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	_, err := client.RoundTrip(t.Context(), 99, longFetch())
	if !errors.Is(err, cluster.ErrUnknownBroker) || cluster.KindOf(err) != cluster.RetrySame {
		t.Errorf("kind %v of %v", cluster.KindOf(err), err)
	}
}

func longFetch() protocol.Message {
	const minute = 60_000 // ms
	return &fetch.Request{ReplicaID: -1, MaxWaitTime: minute, MinBytes: 1, MaxBytes: 1 << 20, SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: "t", Partitions: []fetch.RequestPartition{{PartitionMaxBytes: 1 << 20}}}}}
}

func mustListen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // some tests close it earlier
	return listener
}
