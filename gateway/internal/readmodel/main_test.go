package readmodel_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/gateway/internal/readmodel"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// stateCodec is the codec of the state topic, from a registry of the test's own.
func stateCodec(t *testing.T) *schemas.Codec[provisioning.Request] {
	t.Helper()
	c := kafkatest.StartEmbedded(t, devkafka.Config{})
	registry := must(schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{c.RegistryURL}}))
	t.Cleanup(registry.Close)
	must(schemas.Register(t.Context(), registry, schemas.Topics{}))
	return must(schemas.Load(t.Context(), registry, schemas.Topics{})).State
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var identity = readmodel.Identity{ClusterID: "cluster", TopicID: "topic", MaxAge: time.Hour}

// open opens a model on a disk in memory.
func open(fs vfs.FS, codec *schemas.Codec[provisioning.Request]) *readmodel.Model {
	return must(readmodel.Open("model", readmodel.Options{State: codec, Logger: slog.New(slog.DiscardHandler), FS: fs}))
}
