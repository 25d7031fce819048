package devkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// Registry is the fake behind the schema registry's port.
type Registry = srfake.Registry

// registry serves a Registry on a port.
type registry struct {
	fake   *Registry
	listen net.Listener
	server *http.Server
	served chan error
}

func startRegistry(ctx context.Context, config Config) (*registry, error) {
	r := &registry{fake: srfake.NewRegistry(), served: make(chan error, 1)}
	listen, err := new(net.ListenConfig).Listen(ctx, "tcp", config.RegistryAddr)
	if err != nil {
		return nil, fmt.Errorf("listen for the registry's clients: %w", err)
	}
	r.listen = listen
	r.server = &http.Server{Handler: r.fake.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { r.served <- r.server.Serve(listen) }()
	return r, nil
}

func (r *registry) url() string { return "http://" + r.listen.Addr().String() }

// Close ends the port and its connections and waits for the server to return.
func (r *registry) Close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
