package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

// away is for how long a broker or a registry is gone.
func away(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("CARDSTREAM_E2E_AWAY")
	if text == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("CARDSTREAM_E2E_AWAY: %v", err)
	}
	return d
}

// underLoad is two processes on one broker, at work.
func underLoad(t *testing.T) *shared {
	t.Helper()
	own := ownClusters.start(t, 1)
	s := &shared{deployment: deploy(t, own.Cluster), own: own}
	s.witness = s.deployment.witness(ledger.Rules{})
	s.run(2)
	s.awaitSharing(0, 1)
	s.pulse = s.takePulse()
	s.feed = s.deployment.feed(ledger.Load{Cards: 5000, Window: 3 * time.Second, Ahead: time.Second}, 200)
	s.pulse.awaitMoving(t, "under load")
	return s
}

// absence takes something away and brings it back. Without it so many partitions go on, once all that was scheduled
// before is sent. A process that is killed and started again meanwhile waits for it; nothing ends, and all goes on by
// itself.
func (s *shared) absence(how, what string, goOn int, meanwhile func()) {
	s.t.Helper()
	s.own.must(s.t, how, what)
	gone := time.Now()
	meanwhile()
	if err := s.fleet.Kill(1); err != nil {
		s.t.Fatal(err)
	}
	if err := s.fleet.Restart(1); err != nil {
		s.t.Fatal(err)
	}
	pause(s.t, time.Until(gone.Add(away(s.t))))
	const silence = 4 * time.Second // under this load nobody who goes on is silent for so long
	eventually(s.t, time.Minute, fmt.Sprintf("%d partitions go on without %s", goOn, what), func() bool {
		return s.pulse.movedSince(time.Now().Add(-silence)) == goOn
	})
	s.own.must(s.t, "up", "--brokers", "1") // whatever is not running
	back := time.Now()
	s.pulse.awaitMoving(s.t, "after the return")
	s.t.Logf("away for %s; every partition moves again %s after the return",
		back.Sub(gone).Round(time.Millisecond), time.Since(back).Round(time.Millisecond))
	s.awaitSharing(0, 1)
	if err := s.fleet.Running(); err != nil {
		s.t.Error(err)
	}
}

// nothingSkipped ends the load and audits; beside what was fed there are so many valid commands. None may have become a
// dead letter.
func (s *shared) nothingSkipped(beside int) {
	s.t.Helper()
	fed := s.feed.end()
	fed.Accepted += beside
	report := s.settle(s.witness, fed)
	if letters := report.Counts.Records["provisioning.dead-letters"]; letters > 0 {
		s.t.Errorf("%d dead letters", letters)
	}
}

func TestABrokerThatCrashesIsWaitedFor(t *testing.T) {
	s := underLoad(t)
	s.absence("kill", "1", 0, func() {})
	s.nothingSkipped(0)
}

// A broker that is the only one may, when it comes back, call transactions committed without writing their markers
// (KAFKA-20734, docs/decisions/0019-settling.md).
func TestABrokerThatIsStoppedIsWaitedFor(t *testing.T) {
	s := underLoad(t)
	s.absence("stop", "1", 0, func() {})
	s.nothingSkipped(0)
}

// A registry that is away is needed for a schema not seen before: that partition waits, and the others go on.
func TestARegistryThatIsAwayIsWaitedFor(t *testing.T) {
	s := underLoad(t)
	id, codec := s.newerSchema()
	s.absence("stop", "registry", partitions-1, func() { s.writeNewer(id, codec) })
	s.nothingSkipped(1)
}

// newerSchema registers what a newer CRM would write: another field, which cardstream does not know.
func (s *shared) newerSchema() (uint32, *goavro.Codec) {
	s.t.Helper()
	subject := s.cluster.RegistryURL + "/subjects/" + s.prefix + "provisioning.commands-value/versions"
	var latest struct{ Schema string }
	s.ask(http.MethodGet, subject+"/latest", nil, &latest)
	newer := strings.Replace(latest.Schema, `"fields":[`,
		`"fields":[{"name":"channel","type":["null","string"],"default":null},`, 1)
	if newer == latest.Schema {
		s.t.Fatalf("no fields found in the schema: %s", latest.Schema)
	}
	codec, err := goavro.NewCodec(newer)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"schema": newer})
	if err != nil {
		s.t.Fatal(err)
	}
	var registered struct{ ID uint32 }
	s.ask(http.MethodPost, subject, body, &registered)
	return registered.ID, codec
}

// ask is one request to the registry.
func (s *shared) ask(method, url string, body []byte, answer any) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s: %v", method, url, response.Status, err)
	}
}

// writeNewer writes a newer CRM's command about a card of its own into one partition.
func (s *shared) writeNewer(id uint32, codec *goavro.Codec) {
	s.t.Helper()
	native := resetCommand("newer", "card of a newer CRM")
	native["channel"] = map[string]any{"string": "app"}
	value, err := codec.BinaryFromNative(wireHeader(id), native)
	if err != nil {
		s.t.Fatal(err)
	}
	client := s.cluster.Client(s.t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	record := &kgo.Record{Topic: s.prefix + "provisioning.commands", Partition: 5, Value: value}
	if err := client.ProduceSync(s.t.Context(), record).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}
