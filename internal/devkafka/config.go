package devkafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Config is how a Cluster is started. The zero value is one broker and a registry on ports that the system picks, with
// everything in memory.
type Config struct {
	// KafkaAddr is where the first broker listens, as host:port; the host must be a loopback address or "localhost"
	// and may be left out. Port 0 picks one. Further brokers always listen on picked ports.
	KafkaAddr string
	// RegistryAddr is where the schema registry listens, under the same rules.
	RegistryAddr string
	// Brokers is how many brokers there are; 0 means 1.
	Brokers int
	// DataDir keeps topics, groups, transactional ids and schemas across restarts; it is created if it is missing.
	// Empty means in memory only. One Cluster at a time may use it.
	DataDir string
	// GroupMinSessionTimeout is the shortest session time-out a group member may ask for; 0 means Kafka's 6 s.
	GroupMinSessionTimeout time.Duration
	// TLS, if not nil, is what the brokers serve with; the registry stays plain.
	TLS *tls.Config
	// Listen opens a port; nil means the system's. With another network, such as one in memory, nothing else of the
	// system's is used: brokers and registry are reached through it alone.
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
	// Options are passed on to kfake, for users (SASL), ACLs and broker settings. Listeners, ports, TLS, cluster id
	// and data directory are this package's and must not be among them.
	Options []kfake.Opt
	// Logger is told what the brokers and the registry complain about; nil means nobody.
	Logger *slog.Logger
}

// validate fills in defaults and returns every mistake at once.
func (c *Config) validate() error {
	var errs []error
	var err error
	if c.KafkaAddr, err = loopback(c.KafkaAddr); err != nil {
		errs = append(errs, fmt.Errorf("broker address: %w", err))
	}
	if c.RegistryAddr, err = loopback(c.RegistryAddr); err != nil {
		errs = append(errs, fmt.Errorf("registry address: %w", err))
	}
	if c.Brokers == 0 {
		c.Brokers = 1
	}
	if c.Brokers < 1 {
		errs = append(errs, fmt.Errorf("%d brokers: there must be at least one", c.Brokers))
	}
	if c.GroupMinSessionTimeout < 0 {
		errs = append(errs, fmt.Errorf("least session time-out %s is negative", c.GroupMinSessionTimeout))
	}
	if c.GroupMinSessionTimeout == 0 {
		c.GroupMinSessionTimeout = 6 * time.Second
	}
	if c.Listen == nil {
		c.Listen = new(net.ListenConfig).Listen
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return errors.Join(errs...)
}

// loopback makes address complete and refuses what is reachable from other machines: nothing here asks who calls.
func loopback(address string) (string, error) {
	if address == "" {
		address = ":0"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port: %w", address, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q has no port between 0 and 65535", address)
	}
	if host == "" || host == "localhost" {
		return net.JoinHostPort("127.0.0.1", port), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%q is not a loopback address: the embedded cluster serves this machine only", address)
	}
	return address, nil
}
