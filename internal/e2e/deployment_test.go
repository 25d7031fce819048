package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/ledger"
	"cardstream/internal/ledger/chaos"
)

// partitions is how many each topic has: cardstream's default.
const partitions = 12

// tasks is how many partitions there are to step on: intake's of commands and results, and dispatch's of requests.
const tasks = 3 * partitions

// deployment is cardstream on a real cluster: topics under a prefix of its own, and processes.
type deployment struct {
	t       *testing.T
	cluster kafkatest.Cluster
	prefix  string
	app     string
	folder  string
	metrics []string // the address of each process
	fleet   *chaos.Fleet
}

// deploy creates the topics, as an operator would. They are deleted at the test's end.
func deploy(t *testing.T, cluster kafkatest.Cluster) *deployment {
	t.Helper()
	prefix := cluster.Prefix(t)
	d := &deployment{t: t, cluster: cluster, prefix: prefix, app: strings.TrimSuffix(prefix, "."), folder: logFolder(t)}
	if got := shell(t, d.line("topics")...); got.code != 0 {
		t.Fatalf("cardstream topics: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	t.Cleanup(d.deleteTopics)
	return d
}

// logFolder is where the processes' logs and stores go: the test's own, or one that is kept.
func logFolder(t *testing.T) string {
	kept := os.Getenv("CARDSTREAM_E2E_LOGS")
	if kept == "" {
		return t.TempDir()
	}
	folder := filepath.Join(kept, fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano()))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// line is a command line of one of the subcommands, on this deployment.
func (d *deployment) line(command string, flags ...string) []string {
	return append([]string{command, "--brokers", strings.Join(d.cluster.Brokers, ","),
		"--registry", d.cluster.RegistryURL, "--prefix", d.prefix}, flags...)
}

// run starts `cardstream run` so many times. Whatever still runs at the test's end is killed; what has ended by itself
// fails the test.
func (d *deployment) run(processes int, flags ...string) *chaos.Fleet {
	d.t.Helper()
	return d.runWith(processes, func() []string { return append([]string{"--headend-results", "off"}, flags...) })
}

// runWith is run with flags that may be others at each start.
func (d *deployment) runWith(processes int, flags func() []string) *chaos.Fleet {
	d.t.Helper()
	for range processes {
		d.metrics = append(d.metrics, freeAddress(d.t))
	}
	d.fleet = d.start(d.folder, processes, func(slot int) []string {
		return append(d.line("run", "--app", d.app, "--metrics-addr", d.metrics[slot],
			"--store", filepath.Join(d.folder, fmt.Sprintf("store-%d", slot))), flags()...)
	})
	return d.fleet
}

// headend starts a simulated headend, which can be killed like any other process.
func (d *deployment) headend(flags ...string) *chaos.Fleet {
	d.t.Helper()
	logs := filepath.Join(d.folder, "headend")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		d.t.Fatal(err)
	}
	return d.start(logs, 1, func(int) []string { return append(d.line("headend-sim", "--app", d.app), flags...) })
}

// start starts processes that end with the test.
func (d *deployment) start(logs string, processes int, args func(slot int) []string) *chaos.Fleet {
	d.t.Helper()
	fleet, err := chaos.Start(chaos.Config{
		Binary: executable, Processes: processes, Logs: logs, Seed: seed(d.t), Log: d.t.Logf, Args: args,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			d.t.Error(err)
		}
	})
	return fleet
}

// freeAddress returns one that nothing listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing was accepted
	return listener.Addr().String()
}

func (d *deployment) deleteTopics() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	admin := kadm.NewClient(d.cluster.Client(d.t))
	topics, err := admin.ListTopics(ctx)
	if err == nil {
		var mine []string
		for _, topic := range topics.Names() {
			if strings.HasPrefix(topic, d.prefix) {
				mine = append(mine, topic)
			}
		}
		_, err = admin.DeleteTopics(ctx, mine...)
	}
	if err != nil {
		d.t.Logf("delete topics: %v", err)
	}
}

// witness begins to read everything that is committed.
func (d *deployment) witness(rules ledger.Rules) *ledger.Witness {
	d.t.Helper()
	return d.witnessOf(rules, ledger.Mode{})
}

// witnessOf is witness, of a run with another mode.
func (d *deployment) witnessOf(rules ledger.Rules, mode ledger.Mode) *ledger.Witness {
	d.t.Helper()
	w, err := ledger.Open(d.t.Context(), ledger.Config{
		Brokers: d.cluster.Brokers, Registry: d.cluster.RegistryURL, Prefix: d.prefix, Rules: rules, Mode: mode,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(w.Close)
	return w
}

// task is what /readyz says of one partition.
type task struct {
	Stage     string
	Topic     string
	Partition int
	State     string
	Detail    string
}

// readyz asks the process in a slot; an error where nobody answers.
func (d *deployment) readyz(slot int) (ready bool, list []task, err error) {
	response, err := get("http://" + d.metrics[slot] + "/readyz")
	if err != nil {
		return false, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	err = json.NewDecoder(response.Body).Decode(&list)
	return response.StatusCode == http.StatusOK, list, err
}

// get asks on a connection of its own, which leaves nothing behind.
func get(url string) (*http.Response, error) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Get(url)
}

// awaitSharing waits until these processes together step on every partition of both stages, and each on some of both.
func (d *deployment) awaitSharing(slots ...int) {
	d.t.Helper()
	stepping := map[string]bool{}
	eventually(d.t, time.Minute, "all partitions step, and are shared", func() bool {
		clear(stepping)
		for _, slot := range slots {
			_, list, err := d.readyz(slot)
			if err != nil {
				return false
			}
			here := map[string]bool{}
			for _, t := range list {
				if t.State == "stepping" {
					here[t.Stage] = true
					stepping[fmt.Sprintf("%s-%s-%d", t.Stage, t.Topic, t.Partition)] = true
				}
			}
			if len(here) < 2 {
				return false
			}
		}
		return len(stepping) == tasks
	})
}

// awaitAll waits until one process is ready, with every partition of both stages.
func (d *deployment) awaitAll(slot int) {
	d.t.Helper()
	eventually(d.t, time.Minute, "one process has all partitions", func() bool {
		ready, list, err := d.readyz(slot)
		return err == nil && ready && len(list) == tasks
	})
}

// eventually waits for a condition outside of this process.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %s: %s", limit, what)
		case <-tick.C:
		}
	}
}
