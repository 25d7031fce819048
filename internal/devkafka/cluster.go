// Package devkafka runs a Kafka cluster and a Confluent-compatible schema registry inside this process, on loopback
// ports that any Kafka client can use. It is for trying cardstream out (`cardstream dev`) and for tests; it is no
// place to keep data that matters, and `cardstream run` refuses it (see IsEmbedded).
//
// The brokers are franz-go's kfake: groups, idempotent and transactional producers, read-committed fetches, time-outs,
// compaction, ACLs and SASL are real. This package adds what kfake and the fake registry lack and cardstream leans on:
// log-append time, the fence of a producer that asks for its next epoch when another has a newer one, the refusal of
// requests that Kafka 4 no longer takes, the compatibility of schemas, and schemas kept beside the data. Topics are never created by a metadata request, only by CreateTopics.
//
// It is kinder than Kafka all the same. Transactions end at once, so nobody is ever told CONCURRENT_TRANSACTIONS;
// there is no replication, so nobody is ever told NOT_ENOUGH_REPLICAS; topic settings other than clean-up policy,
// retention, message size, segment size and timestamp type are stored and have no effect; compaction runs hourly or
// when Compact is called. A test injects what never happens by itself through Cluster.Kafka.
package devkafka

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// clusterIDPrefix begins the cluster id of every embedded cluster, and of no other: Kafka's own ids are 22 characters
// of base64.
const clusterIDPrefix = "cardstream-embedded-"

// IsEmbedded tells whether a cluster with this id, as Metadata or DescribeCluster answers it, is a Cluster of this
// package.
func IsEmbedded(clusterID string) bool { return strings.HasPrefix(clusterID, clusterIDPrefix) }

// Cluster is a running set of brokers with their schema registry. Its methods may be called from any goroutine.
type Cluster struct {
	kafka    *kfake.Cluster
	brokers  *listeners
	registry *registry

	closing sync.Once
	closed  error
}

// Start brings up brokers and registry and returns when both answer. The context bounds the start alone; the Cluster
// runs until Close. Addresses in use, addresses that are not loopback and a DataDir that cannot be read are errors.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("embedded cluster: %w", err)
	}
	if config.DataDir != "" {
		if err := os.MkdirAll(config.DataDir, 0o755); err != nil {
			return nil, fmt.Errorf("embedded cluster: %w", err)
		}
	}
	brokers, err := listen(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("embedded cluster: %w", err)
	}
	registry, err := startRegistry(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("embedded cluster: start the registry: %w", errors.Join(err, brokers.Close()))
	}
	c := &Cluster{brokers: brokers, registry: registry}
	err = brokers.topics.start(func() (*kfake.Cluster, error) {
		kafka, err := kfake.NewCluster(options(config, brokers)...)
		c.kafka = kafka
		return kafka, err
	})
	if err != nil {
		err = errors.Join(err, registry.Close(), brokers.Close())
		return nil, fmt.Errorf("embedded cluster: start the brokers: %w", err)
	}
	return c, nil
}

// options says everything to kfake that must not be left to its defaults. What the caller adds comes first, so that
// nothing of it can turn off what this package promises.
func options(config Config, brokers *listeners) []kfake.Opt {
	opts := append([]kfake.Opt{}, config.Options...)
	opts = append(opts,
		kfake.NumBrokers(config.Brokers),
		kfake.ListenFn(brokers.next),
		kfake.ClusterID(clusterIDPrefix+rand.Text()),
		kfake.GroupMinSessionTimeout(config.GroupMinSessionTimeout),
		kfake.WithLogger(kafkaLogger{config.Logger}),
	)
	if config.DataDir != "" {
		opts = append(opts, kfake.DataDir(filepath.Join(config.DataDir, "kafka")))
	}
	return opts
}

// Addrs returns the brokers' addresses as host:port, the first broker first.
func (c *Cluster) Addrs() []string { return c.brokers.addrs() }

// RegistryURL returns the base URL of the schema registry.
func (c *Cluster) RegistryURL() string { return c.registry.url() }

// Kafka returns the brokers themselves, for tests that inject faults, move leaders or look inside. Close it through
// Cluster.Close only.
func (c *Cluster) Kafka() *kfake.Cluster { return c.kafka }

// Registry returns the registry itself, for tests that inject answers.
func (c *Cluster) Registry() *Registry { return c.registry.fake }

// Close stops listening, drops every connection, writes what DataDir is to keep, and returns when all of that is done.
// Later calls return the first one's error.
func (c *Cluster) Close() error {
	c.closing.Do(func() {
		c.closed = c.registry.Close()
		c.brokers.topics.stop()
		c.kafka.Close()
		c.closed = errors.Join(c.closed, c.brokers.Close())
	})
	return c.closed
}
