package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"cardstream/internal/cluster"
	"cardstream/schemas"
)

// connection is how a subcommand reaches the cluster and the registry. Secrets come from files or the environment,
// never from flags.
type connection struct {
	Brokers  []string `default:"127.0.0.1:9092" placeholder:"HOST:PORT,…" help:"Bootstrap brokers (${default})."`
	Registry []string `default:"http://127.0.0.1:8081" placeholder:"URL,…" help:"Schema registry, Confluent-compatible (${default})."`
	Prefix   string   `placeholder:"TEXT" help:"Prefix of every topic's name."`

	TLS     bool   `name:"tls" help:"Encrypt connections to the brokers."`
	TLSCA   string `name:"tls-ca" placeholder:"FILE" help:"PEM file of the authorities to trust (the system's)."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"PEM file of this client's certificate."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"PEM file of its key."`

	SASLMechanism    string `name:"sasl-mechanism" enum:"none,plain,scram-sha-256,scram-sha-512" default:"none" help:"none, plain, scram-sha-256 or scram-sha-512 (${default})."`
	SASLUsername     string `name:"sasl-username" placeholder:"NAME" help:"User name; the password comes from the file or from CARDSTREAM_SASL_PASSWORD."`
	SASLPasswordFile string `name:"sasl-password-file" placeholder:"FILE" help:"File with the password."`

	RegistryCA           string `name:"registry-ca" placeholder:"FILE" help:"PEM file of the authorities to trust for an https registry (the system's)."`
	RegistryUsername     string `placeholder:"NAME" help:"User name for the registry; the password comes from the file or from CARDSTREAM_REGISTRY_PASSWORD."`
	RegistryPasswordFile string `placeholder:"FILE" help:"File with the registry's password."`
}

// topics returns the topics' names.
func (c connection) topics() schemas.Topics { return schemas.Topics{Prefix: c.Prefix} }

// open returns clients for the cluster and the registry. It does no I/O but to read the named files: every error is
// about a setting.
func (c connection) open(log logger) (*cluster.Client, *schemas.Registry, error) {
	var problems []error
	tlsConfig, err := c.tls()
	problems = append(problems, err)
	mechanism, err := c.sasl()
	problems = append(problems, err)
	password, err := secret("CARDSTREAM_REGISTRY_PASSWORD", c.RegistryPasswordFile)
	problems = append(problems, err)
	var registryTLS *tls.Config
	if c.RegistryCA != "" {
		registryTLS = &tls.Config{MinVersion: tls.VersionTLS12}
		registryTLS.RootCAs, err = authorities("--registry-ca", c.RegistryCA)
		problems = append(problems, err)
	}
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{
		URLs: c.Registry, Username: c.RegistryUsername, Password: password, TLS: registryTLS, Logger: log.Logger,
	})
	problems = append(problems, err)
	client, err := cluster.Open(cluster.Config{Brokers: c.Brokers, TLS: tlsConfig, SASL: mechanism})
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, nil, usageError{err}
	}
	return client, registry, nil
}

// secret returns what the file holds, else what the environment has under name.
func secret(name, file string) (string, error) {
	if file == "" {
		return os.Getenv(name), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

func (c connection) tls() (*tls.Config, error) {
	if !c.TLS {
		if c.TLSCA != "" || c.TLSCert != "" || c.TLSKey != "" {
			return nil, errors.New("--tls-ca, --tls-cert and --tls-key need --tls")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSCA != "" {
		var err error
		if config.RootCAs, err = authorities("--tls-ca", c.TLSCA); err != nil {
			return nil, err
		}
	}
	if c.TLSCert != "" || c.TLSKey != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// authorities reads the certificates of a PEM file that a flag names.
func authorities(flag, file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate", flag, file)
	}
	return pool, nil
}

func (c connection) sasl() (sasl.Mechanism, error) {
	if c.SASLMechanism == "none" || c.SASLMechanism == "" {
		return nil, nil
	}
	password, err := secret("CARDSTREAM_SASL_PASSWORD", c.SASLPasswordFile)
	if err != nil {
		return nil, err
	}
	if c.SASLUsername == "" || password == "" {
		return nil, errors.New("--sasl-mechanism needs --sasl-username and a password (--sasl-password-file or CARDSTREAM_SASL_PASSWORD)")
	}
	switch c.SASLMechanism {
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, c.SASLUsername, password)
	case "scram-sha-512":
		return scram.Mechanism(scram.SHA512, c.SASLUsername, password)
	}
	return plain.Mechanism{Username: c.SASLUsername, Password: password}, nil
}
