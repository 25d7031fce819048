package devkafka_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"cardstream/internal/devkafka"
)

func TestADataDirKeepsRecordsGroupsAndTheClusterID(t *testing.T) {
	config := devkafka.Config{DataDir: filepath.Join(t.TempDir(), "made", "here")}
	first := mustStart(t, config)
	mustCreate(t, first, "topic", appendTime)
	client := mustClient(t, first)
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "topic", Value: []byte("v")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	commit := make(kadm.Offsets)
	commit.AddOffset("topic", 0, 1, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(t.Context(), "group", commit); err != nil {
		t.Fatal(err)
	}
	id := clusterID(t, first)
	mustClose(t, first)

	config.KafkaAddr = first.Addrs()[0]
	second := mustStartAgain(t, config)
	if got := second.Addrs()[0]; got != config.KafkaAddr {
		t.Errorf("it listens on %s, want %s", got, config.KafkaAddr)
	}
	if got := clusterID(t, second); got != id {
		t.Errorf("cluster id %s, was %s", got, id)
	}
	if records := readAll(t, second, "topic", 1); string(records[0].Value) != "v" {
		t.Errorf("read back %q", records[0].Value)
	}
	offsets, err := kadm.NewClient(mustClient(t, second)).FetchOffsets(t.Context(), "group")
	if at, ok := offsets.Lookup("topic", 0); err != nil || !ok || at.At != 1 {
		t.Errorf("committed offset %v, %v", at, err)
	}
}

// mustStartAgain starts a cluster at an address that one has just left. Whoever asked for any free port may have been given
// that one meanwhile, and is waited for.
func mustStartAgain(tb testing.TB, config devkafka.Config) *devkafka.Cluster {
	tb.Helper()
	const patience = 20 * time.Second
	again, late := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer again.Stop()
	for {
		cluster, err := devkafka.Start(tb.Context(), config)
		if err == nil {
			tb.Cleanup(func() { mustClose(tb, cluster) })
			return cluster
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			tb.Fatal(err)
		}
		select {
		case <-again.C:
		case <-late:
			tb.Fatal(err)
		}
	}
}

func clusterID(tb testing.TB, cluster *devkafka.Cluster) string {
	tb.Helper()
	metadata, err := kadm.NewClient(mustClient(tb, cluster)).BrokerMetadata(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return metadata.Cluster
}

const (
	small = `{"type":"record","name":"R","fields":[]}`
	large = `{"type":"record","name":"R","fields":[{"name":"f","type":["null","int"],"default":null}]}`
)

func TestADataDirKeepsSchemasUnderTheirIDs(t *testing.T) {
	config := devkafka.Config{DataDir: t.TempDir()}
	first := mustStart(t, config)
	client := mustRegistry(t, first)
	ids := map[string]int{"a": register(t, client, "a", small), "b": register(t, client, "b", large)}
	if again := register(t, client, "a", small); again != ids["a"] {
		t.Errorf("the same schema again got id %d, was %d", again, ids["a"])
	}
	register(t, client, "gone", large)
	if _, err := client.DeleteSubject(t.Context(), "gone", sr.SoftDelete); err != nil {
		t.Fatal(err)
	}
	for _, level := range []sr.CompatibilityLevel{sr.CompatFullTransitive, sr.CompatNone, sr.CompatFullTransitive} {
		for _, result := range client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: level}, "a") {
			if result.Err != nil {
				t.Fatal(result.Err)
			}
		}
	}
	mustClose(t, first)

	client = mustRegistry(t, mustStart(t, config))
	for subject, id := range ids {
		found, err := client.SchemaByVersion(t.Context(), subject, -1)
		if err != nil || found.ID != id {
			t.Errorf("subject %s has id %d, %v; was %d", subject, found.ID, err, id)
		}
	}
	subjects, err := client.Subjects(t.Context())
	if err != nil || len(subjects) != 2 {
		t.Errorf("subjects %v, %v", subjects, err)
	}
	if level := client.Compatibility(t.Context(), "a")[0]; level.Level != sr.CompatFullTransitive {
		t.Errorf("compatibility %v", level)
	}
	if id := register(t, client, "c", `"string"`); id <= ids["b"] {
		t.Errorf("a new schema got id %d, which another had", id)
	}
}

func TestASchemaHalfWrittenInACrashIsDropped(t *testing.T) {
	config := devkafka.Config{DataDir: t.TempDir()}
	first := mustStart(t, config)
	id := register(t, mustRegistry(t, first), "a", small)
	mustClose(t, first)
	journal, err := os.OpenFile(filepath.Join(config.DataDir, "registry.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.WriteString(`{"method":"POST","path":"/subj`); err != nil {
		t.Fatal(err)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}

	second := mustStart(t, config)
	other := register(t, mustRegistry(t, second), "b", large)
	mustClose(t, second)
	client := mustRegistry(t, mustStart(t, config))
	if a, b := register(t, client, "a", small), register(t, client, "b", large); a != id || b != other {
		t.Errorf("ids %d and %d, were %d and %d", a, b, id, other)
	}
}

func mustRegistry(tb testing.TB, cluster *devkafka.Cluster) *sr.Client {
	tb.Helper()
	client, err := sr.NewClient(sr.URLs(cluster.RegistryURL()))
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

func register(tb testing.TB, client *sr.Client, subject, schema string) int {
	tb.Helper()
	registered, err := client.CreateSchema(tb.Context(), subject, sr.Schema{Schema: schema})
	if err != nil {
		tb.Fatal(err)
	}
	return registered.ID
}
