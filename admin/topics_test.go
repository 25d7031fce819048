package admin_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/admin"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/schemas"
)

// A busy broker says that topics are created before it shows them to those who ask.
func TestCreatedTopicsAreAwaited(t *testing.T) {
	c := kafkatest.StartEmbedded(t, devkafka.Config{})
	client, err := cluster.Open(cluster.Config{Brokers: c.Brokers})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata}, Err: kerr.UnknownTopicOrPartition, Count: 3, // the first: they are not there yet
	})
	plan := admin.Plan{Topics: schemas.Topics{Prefix: "p."}, Partitions: 2, ReplicationFactor: 1, MinInSyncReplicas: 1}
	done, err := plan.Create(t.Context(), client)
	if err != nil || len(done) != 8 {
		t.Fatalf("%q, %v", done, err)
	}
	layout, err := plan.Describe(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if differences := plan.Check(layout); len(differences) > 0 {
		t.Errorf("differs: %v", differences)
	}
}
