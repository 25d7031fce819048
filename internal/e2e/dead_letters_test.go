package e2e_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
)

// letter is how dead-letters prints one.
type letter struct {
	Partition      int32
	Offset         int64
	Code           string
	Source         *struct{ Topic string }
	Key, Truncated *string
	Headers        []string
	Bytes          *int `json:"value_bytes"`
	Outcome        string
	NewOffset      *int64 `json:"new_offset"`
	Error          *string
}

// letters runs one of the subcommands, and returns what it prints.
func (d *deployment) letters(code int, args ...string) []letter {
	d.t.Helper()
	got := shell(d.t, append(append([]string{"dead-letters"}, args[0]), d.line("", args[1:]...)[1:]...)...)
	if got.code != code || strings.Contains(got.stdout+got.stderr, "SECRET") {
		d.t.Errorf("dead-letters %q: exit code %d, want %d and no PIN:\n%s%s", args, got.code, code, got.stdout, got.stderr)
	}
	var all []letter
	for decoder := json.NewDecoder(strings.NewReader(got.stdout)); decoder.More(); {
		var l letter
		if err := decoder.Decode(&l); err != nil {
			d.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// buryThree writes dead letters as the processor does: one that is whole, one without its value, and somebody else's.
func (d *deployment) buryThree() {
	d.t.Helper()
	headers := func(code string, more ...kgo.RecordHeader) []kgo.RecordHeader {
		return append([]kgo.RecordHeader{
			{Key: "cardstream.error.code", Value: []byte(code)},
			{Key: "cardstream.error.message", Value: []byte("why")},
			{Key: "cardstream.source.topic", Value: []byte(d.prefix + "provisioning.commands")},
			{Key: "cardstream.source.partition", Value: []byte("5")},
			{Key: "cardstream.source.offset", Value: []byte("7")},
			{Key: "cardstream.source.timestamp", Value: []byte("1000")},
		}, more...)
	}
	truncated := kgo.RecordHeader{Key: "cardstream.error.truncated", Value: []byte("value of 9 bytes left out")}
	client := d.cluster.Client(d.t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	err := client.ProduceSync(d.t.Context(),
		&kgo.Record{Topic: d.prefix + "provisioning.dead-letters", Partition: 5, Key: []byte("k"), Value: []byte("SECRETAA"),
			Headers: headers("SCHEMA_UNKNOWN", kgo.RecordHeader{Key: "of-the-sender", Value: []byte("SECRETBB")})},
		&kgo.Record{Topic: d.prefix + "provisioning.dead-letters", Partition: 5, Headers: headers("UNDECODABLE", truncated)},
		&kgo.Record{Topic: d.prefix + "provisioning.dead-letters", Partition: 6, Value: []byte("SECRETCC")},
	).FirstErr()
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestDeadLettersAreListedAndPutBack(t *testing.T) {
	d := deploy(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	d.buryThree()
	all := d.letters(0, "list")
	if len(all) != 3 || all[0].Code != "SCHEMA_UNKNOWN" || *all[0].Key != "k" || *all[0].Bytes != 8 ||
		len(all[0].Headers) != 1 || all[0].Source.Topic != d.prefix+"provisioning.commands" ||
		all[1].Truncated == nil || all[1].Bytes != nil || all[2].Source != nil {
		t.Errorf("list: %+v", all)
	}
	if some := d.letters(0, "list", "--filter", "code=UNDECODABLE", "--filter", "since=1h"); len(some) != 1 || some[0].Offset != 1 {
		t.Errorf("with a filter: %+v", some)
	}
	if would := d.letters(0, "redrive", "--dry-run", "--filter", "letter=5-0"); len(would) != 1 ||
		would[0].Outcome != "would_be_redriven" || would[0].NewOffset != nil {
		t.Errorf("dry run: %+v", would)
	}
	done := d.letters(1, "redrive", "--rate", "100")
	if len(done) != 3 || done[0].Outcome != "redriven" || *done[0].NewOffset != 0 ||
		done[1].Outcome != "cannot_be_redriven" || !strings.Contains(*done[1].Error, "value of 9 bytes") ||
		done[2].Outcome != "cannot_be_redriven" {
		t.Errorf("redrive: %+v", done)
	}
	reader := d.cluster.Client(t, kgo.ConsumeTopics(d.prefix+"provisioning.commands"))
	back := reader.PollRecords(t.Context(), 1).Records()[0]
	if back.Partition != 5 || string(back.Key) != "k" || !bytes.Equal(back.Value, []byte("SECRETAA")) ||
		len(back.Headers) != 1 || back.Headers[0].Key != "of-the-sender" {
		t.Errorf("put back: partition %d, key %s, headers %v", back.Partition, back.Key, back.Headers)
	}
}
