package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cardstream/internal/devkafka/kafkatest"
)

// needRealKafka skips a test of `cardstream run` where there is no Kafka for it.
func needRealKafka(t *testing.T) {
	t.Helper()
	if os.Getenv(kafkatest.Variable) != "real" {
		t.Skipf("cardstream run refuses the embedded broker: set %s=real to run this on a real Kafka", kafkatest.Variable)
	}
}

// ownCluster is a cluster that belongs to these tests alone, so that they can kill it: the others' tests share one.
type ownCluster struct {
	kafkatest.Cluster
	script string
	env    []string // of scripts/kafka
}

// ownClusters are those started so far, by their number of brokers.
var ownClusters clusters

type clusters struct {
	mu      sync.Mutex
	running map[int]*ownCluster
}

// start returns the cluster with so many brokers, 1 or 3, which all tests of this process share, one after another.
func (c *clusters) start(t *testing.T, brokers int) *ownCluster {
	t.Helper()
	needRealKafka(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[int]*ownCluster{}
	}
	if c.running[brokers] == nil {
		own, err := startOwn(brokers)
		if own != nil {
			c.running[brokers] = own
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c.running[brokers]
}

// wipe ends them all and deletes their data.
func (c *clusters) wipe() {
	for _, own := range c.running {
		if _, err := own.kafka("wipe"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func startOwn(brokers int) (*ownCluster, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	cache, err := ownCache(root, brokers)
	if err != nil {
		return nil, err
	}
	port, err := freeBlock(29092)
	if err != nil {
		return nil, err
	}
	registry, err := freeBlock(28081)
	if err != nil {
		return nil, err
	}
	own := &ownCluster{script: filepath.Join(root, "scripts", "kafka"), env: []string{
		"CARDSTREAM_CACHE_DIR=" + cache,
		"CARDSTREAM_KAFKA_PORT=" + strconv.Itoa(port), "CARDSTREAM_REGISTRY_PORT=" + strconv.Itoa(registry),
	}}
	if _, err := own.kafka("wipe"); err != nil { // what a test process that was killed has left
		return nil, err
	}
	out, err := own.kafka("up", "--brokers", strconv.Itoa(brokers))
	if err != nil {
		return own, err
	}
	for line := range strings.Lines(out) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
		case "CARDSTREAM_BROKERS":
			own.Brokers = strings.Split(value, ",")
		case "CARDSTREAM_REGISTRY":
			own.RegistryURL = value
		}
	}
	return own, nil
}

// ownCache makes a folder for a cluster beneath the one that scripts/kafka uses by default, and lets it use the jars
// fetched there.
func ownCache(root string, brokers int) (string, error) {
	shared := os.Getenv("CARDSTREAM_CACHE_DIR")
	if shared == "" {
		shared = filepath.Join(root, ".cache")
	}
	shared, err := filepath.Abs(shared)
	if err != nil {
		return "", err
	}
	cache := filepath.Join(shared, fmt.Sprintf("e2e-%d", brokers))
	jars := filepath.Join(shared, "kafka", "jars")
	if err := errors.Join(os.MkdirAll(jars, 0o755), os.MkdirAll(filepath.Join(cache, "kafka"), 0o755)); err != nil {
		return "", err
	}
	if err := os.Symlink(jars, filepath.Join(cache, "kafka", "jars")); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return cache, nil
}

// freeBlock returns a port from which on three are free, and the three that are 100 above: as scripts/kafka needs them.
func freeBlock(from int) (int, error) {
	for base := from; base < from+900; base += 10 {
		if free(base, base+1, base+2, base+100, base+101, base+102) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no free ports above %d", from)
}

func free(ports ...int) bool {
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close() // nothing was accepted
	}
	return true
}

// kafka runs scripts/kafka on this cluster and returns what it printed.
func (c *ownCluster) kafka(args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(c.script, args...)
	command.Env = append(os.Environ(), c.env...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.WaitDelay = time.Second // what the script leaves running must not keep this process waiting
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", c.script, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// must runs scripts/kafka for a test.
func (c *ownCluster) must(t *testing.T, args ...string) {
	t.Helper()
	if _, err := c.kafka(args...); err != nil {
		t.Fatal(err)
	}
}
