package cluster_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
)

// Another client's word for the levels is the judge; a feature that nobody has heard of is at none.
func TestFinalizedFeature(t *testing.T) {
	kafka := kafkatest.Start(t)
	judge, err := kgo.NewClient(kgo.SeedBrokers(kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	brokers, err := kadm.NewClient(judge).ApiVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := mustOpen(t, cluster.Config{Brokers: kafka.Brokers})
	var found int
	for _, broker := range brokers {
		for _, feature := range broker.Raw().FinalizedFeatures {
			found++
			level, err := client.FinalizedFeature(t.Context(), feature.Name)
			if err != nil || level != feature.MaxVersionLevel {
				t.Errorf("%s is at %d, %v; the judge says %d", feature.Name, level, err, feature.MaxVersionLevel)
			}
		}
	}
	if found == 0 {
		t.Error("the judge knows of no feature")
	}
	if level, err := client.FinalizedFeature(t.Context(), "unheard.of"); err != nil || level != 0 {
		t.Errorf("a feature that is none is at %d, %v", level, err)
	}
}
