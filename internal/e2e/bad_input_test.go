package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/ledger"
)

// letters is a PIN pattern under which nothing else matches by chance.
const letters = "[A-Z]{8}"

// badRecord is a record of provisioning.commands that demands a dead letter.
type badRecord struct {
	name, code string
	value      []byte
	pin        ledger.PIN // that is in its bytes
}

// Between good commands stands every kind of bad input that docs/contract.md names: each has its dead letter or its
// COMMAND_REJECTED, the stream goes on, and none of the PINs turns up where none may be.
func TestBadInputOfEveryKind(t *testing.T) {
	needRealKafka(t)
	rules, err := ledger.NewRules(letters, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, kafkatest.Start(t))
	witness := d.witness(rules)
	d.run(2, "--pin-pattern", letters, "--log-level", "debug")
	d.awaitSharing(0, 1)

	feed := d.feed(ledger.Load{
		Letters: true, Cards: 50, Window: 2 * time.Second,
		Mix: ledger.Mix{Immediate: 3, DueNow: 3, Scheduled: 2, Duplicates: 2, Broken: 8, Cancels: 2},
	}, 200)
	bad := d.badRecords()
	sources := d.writeEverywhere(witness, bad)
	eventually(t, time.Minute, "commands of every kind are fed", func() bool {
		fed := feed.feeder.Fed()
		return fed.Rejected > 500 && fed.Duplicates > 50 && fed.Accepted > 500
	})
	fed := feed.end()
	if err := witness.WaitSettled(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	d.searchOutsideOfTopics(witness, 2)
	report := d.settle(witness, fed)
	if report.Counts.Undecodable != len(sources) {
		t.Errorf("%d records were to be dead letters, the ledger knows %d", len(sources), report.Counts.Undecodable)
	}
	d.checkDeadLetters(sources)
}

// badRecords are those that do not decode, or to something that is no command.
func (d *deployment) badRecords() []badRecord {
	const pin = "SECRETAA"
	command := d.encode("provisioning.commands", setCommand("bad", "1", pin))
	unknown := append(wireHeader(0x7ffffff0), command[5:]...)
	other := d.encode("smartcard.commands", map[string]any{
		"request_number": "1-1", "attempt": 1, "action": "SET_PIN", "new_pin": map[string]any{"string": "SECRETBB"},
		"smartcard_identifier":    map[string]any{"id": nil, "serial_number": nil, "alternative_code": nil},
		"subscription_identifier": map[string]any{"id": nil, "number": nil},
		"issued_at":               time.Now(), "respond_by": nil,
	})
	return []badRecord{
		{"a null value", "NOT_WIRE_FORMAT", nil, ""},
		{"an empty value", "NOT_WIRE_FORMAT", []byte{}, ""},
		{"too short", "NOT_WIRE_FORMAT", command[:4], ""},
		{"JSON", "NOT_WIRE_FORMAT", []byte(`{"command_id": "bad", "new_pin": "SECRETCC"}`), "SECRETCC"},
		{"another first byte", "NOT_WIRE_FORMAT", append([]byte{1}, command[1:]...), pin},
		{"an unknown schema", "SCHEMA_UNKNOWN", unknown, pin},
		{"no body", "UNDECODABLE", command[:5], ""},
		{"cut off", "UNDECODABLE", command[:len(command)-3], pin},
		{"a byte too many", "UNDECODABLE", append(bytes.Clone(command), 0), pin},
		{"a branch that is none", "UNDECODABLE", bytes.Replace(command, []byte("e2e\x00"), []byte("e2e\x7e"), 1), pin},
		{"another schema", "KIND_UNKNOWN", other, "SECRETBB"},
	}
}

// encode writes a record with the registry's newest schema of a topic, in the wire format.
func (d *deployment) encode(topic string, native map[string]any) []byte {
	d.t.Helper()
	id, codec := d.latest(topic)
	value, err := codec.BinaryFromNative(wireHeader(id), native)
	if err != nil {
		d.t.Fatal(err)
	}
	return value
}

// writeEverywhere writes the bad records, each to a partition of its own, while commands are fed. It returns them by
// where they stand.
func (d *deployment) writeEverywhere(witness *ledger.Witness, bad []badRecord) map[string]badRecord {
	d.t.Helper()
	topic := d.prefix + "provisioning.commands"
	client := d.cluster.Client(d.t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	sources := map[string]badRecord{}
	for i, b := range bad {
		witness.Secret(b.pin)
		record := &kgo.Record{
			Topic: topic, Partition: int32(i % partitions), Key: []byte("key of " + b.name), Value: b.value,
			Headers: []kgo.RecordHeader{{Key: "of-the-sender", Value: []byte("is kept")}},
		}
		if err := client.ProduceSync(d.t.Context(), record).FirstErr(); err != nil {
			d.t.Fatal(err)
		}
		sources[fmt.Sprintf("%d@%d", record.Partition, record.Offset)] = b
	}
	return sources
}

// searchOutsideOfTopics gives the witness everything that the processes have said elsewhere.
func (d *deployment) searchOutsideOfTopics(witness *ledger.Witness, processes int) {
	d.t.Helper()
	for slot := range processes {
		log, err := os.ReadFile(d.fleet.LogFile(slot))
		if err != nil || len(log) == 0 {
			d.t.Errorf("log of process %d: %d bytes, %v", slot, len(log), err)
		}
		witness.Search(fmt.Sprintf("the log of process %d", slot), log)
		for _, page := range []string{"/metrics", "/readyz"} {
			response, err := get("http://" + d.metrics[slot] + page)
			if err != nil {
				d.t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			_ = response.Body.Close() // read to its end
			if err != nil || len(text) == 0 {
				d.t.Errorf("%s of process %d: %d bytes, %v", page, slot, len(text), err)
			}
			witness.Search(fmt.Sprintf("%s of process %d", page, slot), text)
		}
	}
}

// checkDeadLetters wants one for each bad record: its key and bytes, the sender's headers, and the contract's own.
func (d *deployment) checkDeadLetters(sources map[string]badRecord) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	client := d.cluster.Client(d.t, kgo.ConsumeTopics(d.prefix+"provisioning.dead-letters"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	seen := map[string]bool{}
	for len(seen) < len(sources) {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			d.t.Fatalf("%d of %d dead letters: %v", len(seen), len(sources), err)
		}
		for _, letter := range fetches.Records() {
			headers := map[string]string{}
			for _, h := range letter.Headers {
				headers[h.Key] = string(h.Value)
			}
			source := headers["cardstream.source.partition"] + "@" + headers["cardstream.source.offset"]
			seen[source] = true
			d.checkDeadLetter(letter, headers, sources[source])
		}
	}
}

func (d *deployment) checkDeadLetter(letter *kgo.Record, headers map[string]string, want badRecord) {
	d.t.Helper()
	if headers["cardstream.error.code"] != want.code {
		d.t.Errorf("%s: code %q, want %q", want.name, headers["cardstream.error.code"], want.code)
	}
	if string(letter.Key) != "key of "+want.name || !bytes.Equal(letter.Value, want.value) ||
		(letter.Value == nil) != (want.value == nil) {
		d.t.Errorf("%s: the dead letter has another key or value", want.name)
	}
	if headers["of-the-sender"] != "is kept" {
		d.t.Errorf("%s: the sender's own header is %q", want.name, headers["of-the-sender"])
	}
	if headers["cardstream.error.message"] == "" {
		d.t.Errorf("%s: no message", want.name)
	}
	if headers["cardstream.source.topic"] != d.prefix+"provisioning.commands" {
		d.t.Errorf("%s: source topic %q", want.name, headers["cardstream.source.topic"])
	}
	ms, err := strconv.ParseInt(headers["cardstream.source.timestamp"], 10, 64)
	if err != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Hour {
		d.t.Errorf("%s: source timestamp %q", want.name, headers["cardstream.source.timestamp"])
	}
	if strings.Contains(fmt.Sprint(headers), "SECRET") {
		d.t.Errorf("%s: a PIN is in a header", want.name)
	}
}
