package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// nodes is how many brokers there are.
const nodes = 3

// cluster is the brokers and the registry, as scripts/kafka runs them.
type cluster struct {
	script string
	env    []string
	ports  int    // first of the brokers' ports
	data   string // where scripts/kafka has the brokers, each in a folder
	kept   string // where brokers' logs are kept, and what they stored where something was found

	brokers  []string // without a proxy between
	registry string
	log      func(format string, args ...any)
}

// newCluster is one with so many doors: further listeners of each broker, each behind proxies of its own.
func newCluster(root, kept string, doors int, log func(format string, args ...any)) (*cluster, error) {
	port, err := strconv.Atoi(os.Getenv("CARDSTREAM_KAFKA_PORT"))
	if err != nil {
		return nil, fmt.Errorf("CARDSTREAM_KAFKA_PORT: %w", err)
	}
	return &cluster{
		script: filepath.Join(root, "scripts", "kafka"), env: []string{"CARDSTREAM_KAFKA_DOORS=" + strconv.Itoa(doors)},
		ports: port, data: filepath.Join(os.Getenv("CARDSTREAM_CACHE_DIR"), "kafka", fmt.Sprintf("brokers-%d", nodes)),
		kept: kept, log: log,
	}, errors.Join(os.RemoveAll(kept), os.MkdirAll(kept, 0o755))
}

// door returns where a door of a broker is, and where it is said to be. Both count from 1.
func (c *cluster) door(number, node int) (listens, advertised string) {
	at := func(offset int) string { return "127.0.0.1:" + strconv.Itoa(c.ports+offset+10*number+node-1) }
	return at(200), at(300)
}

// up wipes what was, and starts all.
func (c *cluster) up(ctx context.Context) error {
	if _, err := c.kafka(ctx, "wipe"); err != nil { // what a run that was killed has left
		return err
	}
	out, err := c.kafka(ctx, "up", "--brokers", strconv.Itoa(nodes))
	for line := range strings.Lines(out) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
		case "CARDSTREAM_BROKERS":
			c.brokers = strings.Split(value, ",")
		case "CARDSTREAM_REGISTRY":
			c.registry = value
		}
	}
	return err
}

// Kill ends brokers at once.
func (c *cluster) Kill(ctx context.Context, which ...int) error {
	for _, node := range which {
		if _, err := c.kafka(ctx, "kill", strconv.Itoa(node)); err != nil {
			return err
		}
		c.keepLog(node)
	}
	return nil
}

// keepLog keeps what a broker has said since it was started: the next start begins another log. To lose it is no fault.
func (c *cluster) keepLog(node int) {
	text, err := os.ReadFile(filepath.Join(c.data, fmt.Sprintf("node-%d", node), "log"))
	if err == nil {
		name := fmt.Sprintf("broker-%d-%s.log", node, time.Now().Format("150405.000"))
		err = os.WriteFile(filepath.Join(c.kept, name), text, 0o644)
	}
	if err != nil {
		c.log("the log of broker %d is not kept: %v", node, err)
	}
}

// Revive starts the brokers that are down, and waits until they serve.
func (c *cluster) Revive(ctx context.Context) error {
	began := time.Now()
	_, err := c.kafka(ctx, "up", "--brokers", strconv.Itoa(nodes), "--no-registry")
	c.log("brokers: all serve, %s after the start", time.Since(began).Round(100*time.Millisecond))
	return err
}

// wipe ends and deletes them, but for their logs.
func (c *cluster) wipe(ctx context.Context) error {
	for node := 1; node <= nodes; node++ {
		c.keepLog(node)
	}
	_, err := c.kafka(ctx, "wipe")
	return err
}

// keepData ends them and keeps what they have stored, so that one can see what became of it, until the next run.
func (c *cluster) keepData(ctx context.Context) error {
	if _, err := c.kafka(ctx, "down"); err != nil {
		return err
	}
	to := filepath.Join(c.kept, "data")
	c.log("what the brokers have stored is kept in %s", to)
	return os.Rename(c.data, to)
}

// registryService is the registry as something that can be down.
type registryService struct{ *cluster }

// Stop ends it in order: what it has kept is not what is tested here.
func (r registryService) Stop(ctx context.Context) error {
	_, err := r.kafka(ctx, "stop", "registry")
	return err
}

// Start starts it and waits until it answers.
func (r registryService) Start(ctx context.Context) error {
	_, err := r.kafka(ctx, "start", "registry")
	return err
}

// kafka runs scripts/kafka and returns what it printed. A Ctrl-C is not for it: a broker that starts is waited for.
func (c *cluster) kafka(ctx context.Context, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	command := exec.Command(c.script, args...)
	command.Env = append(os.Environ(), c.env...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = time.Second // what the script leaves running must not keep this process waiting
	err := command.Run()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return "", fmt.Errorf("scripts/kafka %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}
