package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // --time-zone works where the machine has no zones, as in a container

	"cardstream/gateway"
)

// gatewaySettings are those of the stage gateway.
type gatewaySettings struct {
	WebAddr        string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the stage gateway serves the web API (${default})."`
	WebBasePath    string        `placeholder:"PATH" help:"Path below which it is served, as /crm."`
	WebTLSCert     string        `name:"web-tls-cert" placeholder:"FILE" help:"PEM file of the web API's certificate; with it, it is HTTPS."`
	WebTLSKey      string        `name:"web-tls-key" placeholder:"FILE" help:"PEM file of its key."`
	WebStore       string        `default:"cardstream-web" placeholder:"DIR" help:"Folder of the gateway's read model, a cache: lose it, lose nothing (${default})."`
	WebWait        time.Duration `default:"10s" help:"How long a caller waits for the outcome of a command (${default})."`
	WebConcurrency int           `default:"4096" placeholder:"N" help:"Most web requests under way; the next are told to come again (${default})."`
	WebConnections int           `default:"16384" placeholder:"N" help:"Most web connections; the next are closed at once (${default})."`
	TimeZone       string        `default:"UTC" placeholder:"ZONE" help:"Zone of dates that callers of the web API write without one, as Europe/Vienna (${default})."`

	JWKS          string        `name:"jwks" placeholder:"FILE|URL" help:"The token issuer's public keys, a JWK Set. Mandatory for the stage gateway."`
	JWTIssuer     string        `name:"jwt-issuer" placeholder:"TEXT" help:"What a token's iss must be. Mandatory for the stage gateway."`
	JWTAudience   string        `name:"jwt-audience" placeholder:"TEXT" help:"What a token's aud must name. Mandatory for the stage gateway."`
	JWTAlgorithms []string      `name:"jwt-algorithms" default:"ES256,RS256,PS256,EdDSA" placeholder:"ALG,…" help:"Signature algorithms that a token may have (${default})."`
	JWTLeeway     time.Duration `name:"jwt-leeway" default:"10s" help:"How far the token issuer's clock may be from this one (${default})."`
}

// validate reports every setting that cannot be right. It is called where the stage gateway is wanted.
func (s gatewaySettings) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	err := checkAddress(s.WebAddr)
	check(err == nil, "--web-addr %q: %v", s.WebAddr, err)
	check(s.WebBasePath == "" || strings.HasPrefix(s.WebBasePath, "/") && !strings.HasSuffix(s.WebBasePath, "/"),
		"--web-base-path %q: must begin with a slash, and not end in one", s.WebBasePath)
	check(s.WebWait >= 100*time.Millisecond && s.WebWait <= 5*time.Minute, "--web-wait %s: must be from 100ms to 5m", s.WebWait)
	check(s.WebConcurrency > 0, "--web-concurrency %d: must be positive", s.WebConcurrency)
	check(s.WebConnections > 0, "--web-connections %d: must be positive", s.WebConnections)
	_, err = time.LoadLocation(s.TimeZone)
	check(err == nil, "--time-zone: %v", err)
	_, err = s.tls()
	check(err == nil, "%v", err)
	check(s.JWKS != "", "--jwks: must not be empty")
	return errors.Join(errors.Join(problems...), s.tokens().Validate())
}

func (s gatewaySettings) tokens() gateway.Tokens {
	return gateway.Tokens{
		Issuer: s.JWTIssuer, Audience: s.JWTAudience, Algorithms: s.JWTAlgorithms, Leeway: s.JWTLeeway,
	}
}

func (s gatewaySettings) tls() (*tls.Config, error) {
	if s.WebTLSCert == "" && s.WebTLSKey == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.WebTLSCert, s.WebTLSKey)
	if err != nil {
		return nil, fmt.Errorf("--web-tls-cert and --web-tls-key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, nil
}

// web is what the settings ask for. They are valid.
func (s gatewaySettings) web() (gateway.Web, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return gateway.Web{}, err
	}
	secure, err := s.tls()
	if err != nil {
		return gateway.Web{}, err
	}
	return gateway.Web{
		Addr: s.WebAddr, BasePath: s.WebBasePath, TLS: secure,
		Keys: s.JWKS, Tokens: s.tokens(),
		Wait: s.WebWait, Concurrency: s.WebConcurrency, Connections: s.WebConnections, TimeZone: zone, Store: s.WebStore,
	}, nil
}
