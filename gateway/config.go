package gateway

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"cardstream/gateway/internal/readmodel"
	"cardstream/gateway/internal/tokens"
	"cardstream/internal/cluster"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// Tokens says which tokens are good.
type Tokens = tokens.Config

// TokenAlgorithms are the signature algorithms that Tokens can name.
var TokenAlgorithms = tokens.Algorithms

// Identity says which state topic the read model is a copy of.
type Identity = readmodel.Identity

// Web is what is served, and how.
type Web struct {
	Addr     string      // host:port; port 0 picks one
	BasePath string      // in front of every path: empty, or "/crm"
	TLS      *tls.Config // nil: plain HTTP

	Keys   string // the issuer's JWK Set: a file, or an http or https URL
	Tokens Tokens

	Wait        time.Duration  // how long a caller waits for the outcome of a command
	Concurrency int            // most requests under way, beyond which callers are told to come again
	ReadTimeout time.Duration  // how long a request may take to arrive; 0: 10 s
	Connections int            // most connections open, beyond which new ones are closed at once
	TimeZone    *time.Location // of dates that name none
	Store       string         // folder of the read model, a cache
}

// Kafka is what the gateway writes to and reads from.
type Kafka struct {
	Client            *cluster.Client
	Schemas           *schemas.Set
	Topics            schemas.Topics
	CommandPartitions int32 // how many provisioning.commands has
	Partitions        int32 // how many provisioning.events and provisioning.state have
	Identity          func(ctx context.Context) (Identity, error)
	Rules             provisioning.Rules
	Digester          provisioning.Digester // dispatch's own; without a key some contents count as equal
	Log               *slog.Logger
	Metrics           *Metrics
}
