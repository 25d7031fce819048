package cluster_test

import (
	"cmp"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/internal/cluster"
	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// mustServe starts embedded brokers, which end with the test.
func mustServe(t testing.TB, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	server, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// mustOpen opens a client on a cluster, which ends with the test. It dials for a minute where the test says nothing of it:
// no machine is too slow for that.
func mustOpen(t testing.TB, config cluster.Config) *cluster.Client {
	t.Helper()
	config.DialTimeout = cmp.Or(config.DialTimeout, time.Minute)
	client, err := cluster.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}
