package cluster_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
)

// Another client's word for the id is the judge; a topic that is not there is said to be unknown.
func TestTopicID(t *testing.T) {
	kafka := kafkatest.Start(t)
	judge, err := kgo.NewClient(kgo.SeedBrokers(kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	topic := kafka.Prefix(t) + "identified"
	created, err := kadm.NewClient(judge).CreateTopic(t.Context(), 3, 1, nil, topic)
	if err != nil {
		t.Fatal(err)
	}
	client, err := cluster.Open(cluster.Config{Brokers: kafka.Brokers})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id, err := client.TopicID(t.Context(), topic)
	if want := base64.RawURLEncoding.EncodeToString(created.ID[:]); err != nil || id != want {
		t.Errorf("TopicID = %q, %v; the judge says %q", id, err, want)
	}
	if _, err := client.TopicID(t.Context(), topic+"-missing"); !errors.Is(err, cluster.UnknownTopicOrPartition) {
		t.Errorf("id of a missing topic: %v, want UnknownTopicOrPartition", err)
	}
}
