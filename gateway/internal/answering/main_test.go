package answering_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cardstream/gateway/internal/answering"
	"cardstream/gateway/internal/readmodel"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/leaktest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var quiet = slog.New(slog.DiscardHandler)

// loadSchemas registers the schemas and loads them.
func loadSchemas(t *testing.T, c kafkatest.Cluster) *schemas.Set {
	t.Helper()
	registry := must(schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{c.RegistryURL}}))
	t.Cleanup(registry.Close)
	must(schemas.Register(t.Context(), registry, schemas.Topics{}))
	return must(schemas.Load(t.Context(), registry, schemas.Topics{}))
}

// room is a desk with what stands around it, but for Kafka.
type room struct {
	schemas  *schemas.Set
	digester provisioning.Digester
	hub      *answering.Hub
	model    *readmodel.Model
	brokers  *brokers
	desk     *answering.Desk
}

// newRoom makes a room whose desk is not open yet.
func newRoom(t *testing.T, d provisioning.Digester) *room {
	t.Helper()
	set := loadSchemas(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	r := &room{schemas: set, digester: d, hub: answering.NewHub(d)}
	r.model = must(readmodel.Open("model", readmodel.Options{
		State: r.schemas.State, Logger: quiet, FS: vfs.NewMem(), Saw: r.hub.Saw,
	}))
	t.Cleanup(func() {
		if err := r.model.Close(); err != nil {
			t.Error(err)
		}
	})
	r.brokers = &brokers{commands: r.schemas.Command}
	return r
}

// open makes the desk, and runs its writer until what is returned is called.
func (r *room) open(t *testing.T) (stop func()) {
	t.Helper()
	writer := answering.NewWriter(r.brokers, quiet)
	r.desk = &answering.Desk{
		Hub: r.hub, Writer: writer, Model: r.model, Codec: r.schemas.Command, Topic: "commands", Partitions: 4,
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := writer.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
