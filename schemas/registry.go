package schemas

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
)

// RegistryConfig says where the schema registry is and how long to ask it.
type RegistryConfig struct {
	URLs     []string    // base addresses, tried in turn; with a path where the API is below one ("…/apis/ccompat/v7")
	Username string      // of basic authentication; empty: none
	Password string      // of basic authentication
	TLS      *tls.Config // for https; nil: the system's roots

	RequestTimeout time.Duration // of one request; default 5 s
	UnknownAfter   time.Duration // how long an id may be unknown before its records are given up; default 5 s
	ForgetUnknown  time.Duration // how long that verdict holds until the registry is asked again; default 10 s

	Transport http.RoundTripper // instead of the network, for tests; nil: the network (then TLS is not read)
	Logger    *slog.Logger      // told when the registry is away; nil: nobody is
}

// Registry reads schemas from a registry with Confluent's API, and keeps every one that it has read: a schema never
// changes under its id. It is safe for concurrent use.
//
// A registry that is away is waited for as long as the caller's context lives.
type Registry struct {
	config RegistryConfig
	client *sr.Client
	http   *http.Client
	log    *slog.Logger

	known sync.Map // SchemaID → knownSchema

	mu      sync.Mutex
	unknown map[SchemaID]*inquiry
}

// knownSchema is a schema, or why the registry's text for that id is none.
type knownSchema struct {
	schema *avro.Schema
	err    error
}

// NewRegistry returns a client for the registry at config's addresses. It does no I/O; an error is about the settings.
func NewRegistry(config RegistryConfig) (*Registry, error) {
	config = config.withDefaults()
	addresses, err := config.addresses()
	if err != nil {
		return nil, err
	}
	r := &Registry{config: config, log: config.Logger, unknown: make(map[SchemaID]*inquiry)}
	r.http = &http.Client{Timeout: config.RequestTimeout, Transport: boundedTransport{config.transport()}}
	options := []sr.ClientOpt{sr.URLs(addresses...), sr.HTTPClient(r.http), sr.UserAgent("cardstream")}
	if config.Username != "" {
		options = append(options, sr.BasicAuth(config.Username, config.Password))
	}
	if r.client, err = sr.NewClient(options...); err != nil {
		return nil, fmt.Errorf("schema registry: %w", err)
	}
	return r, nil
}

// Close closes the idle connections. Calls under way are ended by their contexts.
func (r *Registry) Close() { r.http.CloseIdleConnections() }

func (c RegistryConfig) withDefaults() RegistryConfig {
	setDefault(&c.RequestTimeout, 5*time.Second)
	setDefault(&c.UnknownAfter, 5*time.Second)
	setDefault(&c.ForgetUnknown, 10*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// addresses returns the URLs, each of which must be one without credentials: an address is printed in errors.
func (c RegistryConfig) addresses() ([]string, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("schema registry: no address")
	}
	for _, address := range c.URLs {
		switch u, err := url.Parse(address); {
		case err != nil: // whose text would repeat the address, and with it a password
			return nil, errors.New("schema registry: an address that is no URL")
		case u.User != nil:
			return nil, fmt.Errorf("schema registry: %s: user and password belong into their own settings", u.Redacted())
		case u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
			return nil, fmt.Errorf("schema registry: %q is not an http or https URL", address)
		}
	}
	return c.URLs, nil
}

func (c RegistryConfig) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = c.TLS
	return transport
}

// Schema returns the schema with that id. An id that the registry does not know, and still does not after UnknownAfter,
// is an [*Error] with SchemaUnknown; a text that is no Avro schema is one with Undecodable. Any other error is ctx's.
func (r *Registry) Schema(ctx context.Context, id SchemaID) (*avro.Schema, error) {
	if known, ok := r.known.Load(id); ok {
		return known.(knownSchema).schema, known.(knownSchema).err
	}
	if !id.possible() {
		return nil, errorf(SchemaUnknown, "%d is no registry's schema id", id)
	}
	return r.inquire(ctx, id)
}
