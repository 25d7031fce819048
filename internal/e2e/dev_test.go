package e2e_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardstream/internal/ledger/chaos"
)

// devProcess is a `cardstream dev` that stays.
type devProcess struct {
	Kafka, Registry, Web, Metrics, Token string

	fleet *chaos.Fleet // of this one process
}

// dev runs it until the test's end. It feeds its sample commands meanwhile.
func dev(t *testing.T, flags ...string) devProcess {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "addresses.json")
	fleet, err := chaos.Start(chaos.Config{
		Binary: executable, Processes: 1, Logs: folder, Seed: seed(t), Log: t.Logf,
		Args: func(int) []string {
			return append([]string{"dev", "--addresses", file, "--kafka-addr", "127.0.0.1:0", "--registry-addr", "127.0.0.1:0",
				"--web-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0"}, flags...)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			t.Error(err)
		}
	})
	where := devProcess{fleet: fleet}
	eventually(t, time.Minute, "dev tells where it listens", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(text, &where) == nil
	})
	return where
}

// flags are those that connect another subcommand with it.
func (d devProcess) flags() []string { return []string{"--brokers", d.Kafka, "--registry", d.Registry} }

// watch returns what a topic holds.
func (d devProcess) watch(t *testing.T, topic string) string {
	t.Helper()
	got := shell(t, append([]string{"watch", topic, "--from-start", "--until-idle", "1s"}, d.flags()...)...)
	if got.code != 0 {
		t.Fatalf("watch %s: exit code %d\n%s", topic, got.code, got.stderr)
	}
	return got.stdout
}

// page returns the metrics.
func (d devProcess) page(t *testing.T) string {
	t.Helper()
	response, err := get(d.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
