package kafkatest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// startReal runs `scripts/kafka up` once in this process. The script does nothing where the cluster is up, and lets
// only one process at a time start it.
func startReal(tb testing.TB) Cluster {
	tb.Helper()
	cluster, err := realCluster()
	if err != nil {
		tb.Fatal(err)
	}
	return cluster
}

var realCluster = sync.OnceValues(func() (Cluster, error) {
	script, err := findScript()
	if err != nil {
		return Cluster{}, err
	}
	var stdout, stderr bytes.Buffer
	up := exec.Command(script, "up")
	up.Stdout, up.Stderr = &stdout, &stderr
	// What the script leaves running must not keep this process waiting for its output.
	up.WaitDelay = time.Second
	if err := up.Run(); err != nil {
		return Cluster{}, fmt.Errorf("%s up: %w\n%s", script, err, stderr.Bytes())
	}
	return parseUp(stdout.String())
})

// parseUp reads what `scripts/kafka up` prints: lines of NAME=value.
func parseUp(output string) (Cluster, error) {
	cluster := Cluster{Real: true, MinSessionTimeout: 6 * time.Second}
	for line := range strings.Lines(output) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "CARDSTREAM_BROKERS":
			cluster.Brokers = strings.Split(value, ",")
		case "CARDSTREAM_REGISTRY":
			cluster.RegistryURL = value
		}
	}
	if len(cluster.Brokers) == 0 {
		return Cluster{}, fmt.Errorf("scripts/kafka up named no brokers:\n%s", output)
	}
	return cluster, nil
}

// findScript looks for scripts/kafka beside the go.mod above the working directory, which in a test is its package's.
func findScript() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "scripts", "kafka"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory, so no scripts/kafka")
		}
		dir = parent
	}
}
