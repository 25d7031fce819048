package devkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// Registry is the fake behind the schema registry's port. What a test does to it directly is not held against earlier
// versions, and not kept in a DataDir.
type Registry = srfake.Registry

// registry serves a Registry on a port.
type registry struct {
	fake    *Registry
	journal *journal // nil where nothing is kept
	listen  net.Listener
	server  *http.Server
	served  chan error
}

func startRegistry(ctx context.Context, config Config) (*registry, error) {
	r := &registry{fake: srfake.NewRegistry(), served: make(chan error, 1)}
	var handler http.Handler = &compatibility{registry: r.fake.Handler()}
	if config.DataDir != "" {
		journal, err := openJournal(filepath.Join(config.DataDir, "registry.jsonl"), handler)
		if err != nil {
			return nil, err
		}
		r.journal = journal
		handler = journal
	}
	listen, err := config.Listen(ctx, "tcp", config.RegistryAddr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the registry's clients: %w", err), r.journal.Close())
	}
	r.listen = listen
	r.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { r.served <- r.server.Serve(listen) }()
	return r, nil
}

func (r *registry) url() string { return "http://" + r.listen.Addr().String() }

// Close ends the port and its connections, waits for the server to return, and closes what is kept.
func (r *registry) Close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, r.journal.Close())
}
