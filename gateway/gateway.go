package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/consumer"
	"cardstream/gateway/internal/answering"
	"cardstream/gateway/internal/readmodel"
	"cardstream/gateway/internal/tokens"
	"cardstream/producer"
)

// Gateway serves the web API. Make it with Listen, Run it once, Close it.
type Gateway struct {
	Web
	Kafka

	bound  net.Listener
	server *http.Server

	keys    *tokens.Keys
	tokens  *tokens.Verifier
	fetcher *consumer.Fetcher
	events  *answering.Events
	writer  *answering.Writer
	desk    *answering.Desk
	model   *readmodel.Model
	state   *readmodel.Follower

	slots       chan struct{} // a token for each request under way
	largeBodies chan struct{}
	idlers      *idlers
	hurry       context.Context // ends when nobody may be waited for any more
	end         context.CancelFunc
}

// The time-outs of connections. Every answer comes within these and Web.Wait.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 15 * time.Second // besides Web.Wait
	idleTimeout   = 2 * time.Minute
	headerBytes   = 16 << 10
	// drainTime is how long callers that wait when the process is asked to end go on waiting; then they are answered with
	// what is known.
	drainTime = 2 * time.Second
)

// fetchBytes is what is fetched of a partition at a time, and what may wait of it: there are twice as many partitions
// as the topics have, and each can hold that much.
const fetchBytes = 128 << 10

// Listen binds the address, opens the read model and makes everything ready for Run.
func Listen(w Web, k Kafka) (*Gateway, error) {
	g := &Gateway{
		Web: w, Kafka: k,
		slots: make(chan struct{}, w.Concurrency), largeBodies: make(chan struct{}, largeBodies),
		idlers: newIdlers(mostIdle),
	}
	hub := answering.NewHub(k.Digester)
	model, err := readmodel.Open(w.Store, readmodel.Options{State: k.Schemas.State, Logger: k.Log, Saw: hub.Saw})
	if err != nil {
		return nil, err
	}
	if g.bound, err = net.Listen("tcp", w.Addr); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the web API: %w", err), model.Close())
	}
	g.hurry, g.end = context.WithCancel(context.Background())
	g.model = model
	g.keys = tokens.NewKeys(w.Keys, k.Log)
	g.tokens = tokens.NewVerifier(g.keys, w.Tokens)
	g.fetcher = consumer.NewFetcher(k.Client, consumer.FetcherConfig{
		ClientID: "cardstream-gateway", MaxPartitionBytes: fetchBytes, BufferBytes: fetchBytes, Logger: k.Log,
	})
	g.state = &readmodel.Follower{
		Model: model, Client: k.Client, Fetcher: g.fetcher, Topic: k.Topics.State(), Partitions: k.Partitions,
		Identity: k.Identity,
	}
	g.state.Prepare()
	g.events = &answering.Events{
		Hub: hub, Client: k.Client, Fetcher: g.fetcher, Codec: k.Schemas.Event,
		Topic: k.Topics.Events(), Partitions: k.Partitions, Log: k.Log,
	}
	g.writer = answering.NewWriter(producer.NewIdempotent(k.Client, producer.IdempotentConfig{}), k.Log)
	g.desk = &answering.Desk{
		Hub: hub, Writer: g.writer, Model: model, Codec: k.Schemas.Command,
		Topic: k.Topics.Commands(), Partitions: k.CommandPartitions,
	}
	g.server = g.newServer()
	return g, nil
}

func (g *Gateway) newServer() *http.Server {
	return &http.Server{
		Handler:           g,
		TLSConfig:         g.TLS,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       cmp.Or(g.ReadTimeout, readTimeout),
		WriteTimeout:      g.Wait + writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ConnState:         g.idlers.changed,
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(g.Log.Handler(), slog.LevelDebug), // callers' mistakes on the wire
	}
}

// Addr returns the URL below which the API is served.
func (g *Gateway) Addr() string {
	scheme := "http"
	if g.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + g.bound.Addr().String() + g.BasePath
}

// Run serves until ctx ends, then answers whoever is waiting, and returns nil.
func (g *Gateway) Run(ctx context.Context) error {
	// What callers wait for works until the last of them is answered.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	serving, background := errgroup.WithContext(background)
	for _, run := range []func(context.Context) error{
		g.keys.Run, g.fetcher.Run, g.state.Run, g.events.Run, g.writer.Run, g.watchDisk,
	} {
		serving.Go(func() error { return run(background) })
	}
	served := make(chan error, 1)
	go func() { served <- g.serve() }()
	var err error
	select {
	case err = <-served:
		err = fmt.Errorf("serve the web API: %w", err)
	case <-background.Done(): // one of the above has failed
	case <-ctx.Done():
	}
	if err == nil {
		err = g.drain(ctx)
		<-served
	}
	stop()
	return errors.Join(serving.Wait(), err)
}

func (g *Gateway) serve() error {
	bound := &boundedListener{Listener: g.bound, most: int64(g.Connections)}
	if g.TLS != nil {
		return g.server.ServeTLS(bound, "", "")
	}
	return g.server.Serve(bound)
}

// drain takes no more requests, and gives those under way some time.
func (g *Gateway) drain(ctx context.Context) error {
	timer := time.AfterFunc(drainTime, g.end)
	defer timer.Stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*drainTime)
	defer cancel()
	if err := g.server.Shutdown(grace); err != nil {
		return g.server.Close()
	}
	return nil
}

// watchDisk fails where the read model's disk does: it is of no more use to this process.
func (g *Gateway) watchDisk(ctx context.Context) error {
	select {
	case err := <-g.model.Failed():
		return err
	case <-ctx.Done():
		return nil
	}
}

// Close gives back what the gateway holds. Call it when Run has returned, or instead.
func (g *Gateway) Close() error {
	g.end()
	return errors.Join(g.server.Close(), ignoreClosed(g.bound.Close()), g.model.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// enter takes a place among the requests under way for one that has arrived; ok is false where there is none.
func (g *Gateway) enter(c *call) (free func(), ok bool) {
	g.idlers.arrived(c.Request)
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots }, true
	default:
		return nil, false
	}
}

// internal answers an error of this process's own, and logs it: it is none of the caller's business.
func (g *Gateway) internal(c *call, err error) reply {
	if c.Context().Err() == nil {
		g.Log.Error("a web request failed", "error", err)
	}
	return reply{code: codeInternalError}
}
