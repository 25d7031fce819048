package cluster_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/record"
)

func TestLeadersAreRememberedUntilForgotten(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	asked := server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Observe: true, Count: -1})
	tp := record.TopicPartition{Topic: "t", Partition: 3}
	var leader cluster.BrokerID
	for range 3 {
		var err error
		if leader, err = client.Leader(t.Context(), tp); err != nil {
			t.Fatal(err)
		}
	}
	if want := server.LeaderFor("t", 3); int32(leader) != want || asked.Hits() != 1 {
		t.Errorf("leader %d, want %d; asked %d times, want once", leader, want, asked.Hits())
	}
	moved := (leader + 1) % 3
	if err := server.MoveTopicPartition("t", 3, int32(moved)); err != nil {
		t.Fatal(err)
	}
	client.ForgetLeader(tp, moved) // is not the one remembered
	if again, err := client.Leader(t.Context(), tp); err != nil || again != leader {
		t.Errorf("leader %d, %v; want the remembered %d", again, err, leader)
	}
	client.ForgetLeader(tp, leader)
	if now, err := client.Leader(t.Context(), tp); err != nil || now != moved {
		t.Errorf("leader %d, %v; want %d", now, err, moved)
	}
}

func TestAMissingPartition(t *testing.T) {
	server := mustServe(t, kfake.SeedTopics(2, "t"), kfake.AllowAutoTopicCreation())
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	for _, tp := range []record.TopicPartition{{Topic: "t", Partition: 2}, {Topic: "missing"}} {
		for range 2 { // the second time too: asking created nothing
			if _, err := client.Leader(t.Context(), tp); !errors.Is(err, cluster.UnknownTopicOrPartition) {
				t.Errorf("leader of %s: %v", tp, err)
			}
		}
	}
}

func TestACoordinatorIsFoundOnceAndKept(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(3))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	asked := server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Observe: true, Count: -1})
	coordinator := client.Coordinator(cluster.TransactionCoordinator, "id")
	if client.Coordinator(cluster.TransactionCoordinator, "id") != coordinator {
		t.Error("one id, two coordinators")
	}
	if client.Coordinator(cluster.GroupCoordinator, "id") == coordinator {
		t.Error("a group has a transactional id's coordinator")
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if code := mustAsk(t, coordinator); code != 0 {
				t.Errorf("the coordinator says %v", code)
			}
		})
	}
	all.Wait()
	if asked.Hits() != 1 {
		t.Errorf("looked up %d times, want once", asked.Hits())
	}
	for i, injected := range []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable} {
		server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: injected, Count: 1})
		if code := mustAsk(t, coordinator); int16(code) != injected.Code {
			t.Errorf("the coordinator says %v, want %v", code, injected)
		}
		_ = mustAsk(t, coordinator)
		if want := i + 2; asked.Hits() != want {
			t.Errorf("looked up %d times after %v, want %d", asked.Hits(), injected, want)
		}
	}
	coordinator.Forget()
	_ = mustAsk(t, coordinator)
	if asked.Hits() != 4 {
		t.Errorf("looked up %d times after being forgotten, want 4", asked.Hits())
	}
}

func TestACoordinatorThatErrsIsLookedUpAgain(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(3))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	coordinator := client.Coordinator(cluster.TransactionCoordinator, "id")
	_ = mustAsk(t, coordinator)
	asked := server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Observe: true, Count: -1})
	server.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
		return nil, errors.New("hang up"), true
	})
	if _, err := coordinator.RoundTrip(t.Context(), request()); err == nil {
		t.Error("the broker hung up, and there is no error")
	}
	_ = mustAsk(t, coordinator)
	if asked.Hits() != 1 {
		t.Errorf("looked up %d times, want once more", asked.Hits())
	}
}

// FindCoordinator's own error code counts: the broker id beside it is none.
func TestALookUpsErrorIsHeeded(t *testing.T) {
	server := mustServe(t)
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	server.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Err: kerr.CoordinatorNotAvailable, Count: 1})
	coordinator := client.Coordinator(cluster.TransactionCoordinator, "id")
	_, err := coordinator.RoundTrip(t.Context(), request())
	if !errors.Is(err, cluster.CoordinatorNotAvailable) || cluster.KindOf(err) != cluster.Retry {
		t.Errorf("kind %v of %v", cluster.KindOf(err), err)
	}
	_ = mustAsk(t, coordinator)
}

func mustAsk(t *testing.T, coordinator *cluster.Coordinator) cluster.Error {
	t.Helper()
	answer, err := coordinator.RoundTrip(t.Context(), request())
	if err != nil {
		t.Error(err)
		return 0
	}
	return cluster.Error(answer.(*initproducerid.Response).ErrorCode)
}

func request() *initproducerid.Request {
	return &initproducerid.Request{
		TransactionalID: "id", TransactionTimeoutMs: 10000, ProducerID: -1, ProducerEpoch: -1}
}
