// Package kafkatest gives a test a Kafka cluster with a schema registry: an embedded one of its own, or, with
// CARDSTREAM_TEST_KAFKA=real in the environment, the real one that scripts/kafka runs on this machine, shared by all
// tests and left running. A suite written against Start runs on both.
//
//	c := kafkatest.Start(t)
//	topic := c.Prefix(t) + "commands"
//	c.CreateTopic(t, topic, 12, nil)
package kafkatest

import (
	"context"
	"os"
	"testing"
	"time"

	"cardstream/internal/devkafka"
)

// Variable is the environment variable that chooses the cluster: empty or "embedded", or "real".
const Variable = "CARDSTREAM_TEST_KAFKA"

// Cluster is what a test connects to.
type Cluster struct {
	Brokers     []string // host:port each
	RegistryURL string   // base URL of a Confluent-compatible API
	Real        bool     // Apache Kafka, shared with other tests
	// MinSessionTimeout is the shortest session time-out that the cluster lets a group member ask for.
	MinSessionTimeout time.Duration
	// Embedded is the cluster itself, for faults and a look inside; nil where Real.
	Embedded *devkafka.Cluster
}

// Start returns a running cluster and fails the test if there is none to be had. An embedded one is the test's own,
// empty, and closed at its end. The real one is started by the first test of the process that asks, unless it is up
// already; its topics and groups are shared, so every name must begin with Prefix.
func Start(tb testing.TB) Cluster {
	tb.Helper()
	switch chosen := os.Getenv(Variable); chosen {
	case "real":
		return startReal(tb)
	case "", "embedded":
		return StartEmbedded(tb, devkafka.Config{})
	default:
		tb.Fatalf("%s=%q: it is empty, \"embedded\" or \"real\"", Variable, chosen)
		return Cluster{}
	}
}

// StartEmbedded returns an embedded cluster whatever the environment says, for tests that inject faults. Where config
// leaves the least session time-out open it is 100 ms.
func StartEmbedded(tb testing.TB, config devkafka.Config) Cluster {
	tb.Helper()
	if config.GroupMinSessionTimeout == 0 {
		config.GroupMinSessionTimeout = 100 * time.Millisecond
	}
	embedded, err := devkafka.Start(context.Background(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := embedded.Close(); err != nil {
			tb.Errorf("close the embedded cluster: %v", err)
		}
	})
	return Cluster{
		Brokers:           embedded.Addrs(),
		RegistryURL:       embedded.RegistryURL(),
		MinSessionTimeout: config.GroupMinSessionTimeout,
		Embedded:          embedded,
	}
}
