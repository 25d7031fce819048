package kafkatest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestAStartedClusterTakesAndGivesRecords(t *testing.T) {
	c := kafkatest.Start(t)
	topic := c.Prefix(t) + "topic"
	c.CreateTopic(t, topic, 3, map[string]string{"cleanup.policy": "compact"})

	client := c.Client(t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	sent := &kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte("v")}
	if err := client.ProduceSync(context.Background(), sent).FirstErr(); err != nil {
		t.Fatal(err)
	}
	got := client.PollFetches(context.Background()).Records()
	if len(got) != 1 || string(got[0].Key) != "k" || got[0].Partition != sent.Partition {
		t.Fatalf("read back %v", got)
	}
}

func TestTheRegistryAnswers(t *testing.T) {
	c := kafkatest.Start(t)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(c.RegistryURL + "/subjects")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET /subjects: %s", response.Status)
	}
}

func TestPrefixesDiffer(t *testing.T) {
	var c kafkatest.Cluster
	first, second := c.Prefix(t), c.Prefix(t)
	if first == second || !strings.HasPrefix(first, "TestPrefixesDiffer-") || !strings.HasSuffix(first, ".") {
		t.Errorf("prefixes %q and %q", first, second)
	}
}
