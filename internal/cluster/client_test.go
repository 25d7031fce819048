package cluster_test

import (
	"testing"

	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/internal/cluster"
	"cardstream/record"
)

func TestLeaderAndCoordinator(t *testing.T) {
	server := mustServe(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "t"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	for p := range int32(6) {
		leader, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t", Partition: p})
		if err != nil {
			t.Fatal(err)
		}
		if want := server.LeaderFor("t", p); int32(leader) != want {
			t.Errorf("leader of %d: %d, want %d", p, leader, want)
		}
	}
	coordinator := client.Coordinator(cluster.TransactionCoordinator, "x")
	answer, err := coordinator.RoundTrip(t.Context(), &initproducerid.Request{
		TransactionalID: "x", TransactionTimeoutMs: 60000, ProducerID: -1, ProducerEpoch: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.ErrorOf(answer.(*initproducerid.Response).ErrorCode); err != nil {
		t.Fatal(err)
	}
}
