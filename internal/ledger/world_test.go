package ledger_test

import (
	"context"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"cardstream/internal/ledger"
)

// partitions is how many each topic of the tests has.
const partitions = 3

// schemaOf names the schema of each topic's values.
var schemaOf = map[string]string{
	"provisioning.commands": "ProvisioningCommand", "provisioning.requests": "RequestEntry",
	"provisioning.state": "ProvisioningRequest", "smartcard.commands": "SmartcardCommand",
	"smartcard.results": "SmartcardResult", "provisioning.events": "LifecycleEvent",
}

// world is a broker and a registry with the topics and schemas of the contract, and a prefix of its own.
type world struct {
	t        testing.TB
	cluster  *kfake.Cluster
	brokers  []string
	registry string
	prefix   string
	client   *kgo.Client
	codecs   map[string]*goavro.Codec
	ids      map[string]uint32
}

func newWorld(t testing.TB) *world {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	registry := srfake.New()
	t.Cleanup(registry.Close)
	w := &world{
		t: t, cluster: cluster, brokers: cluster.ListenAddrs(), registry: registry.URL(), prefix: "test.",
		codecs: map[string]*goavro.Codec{}, ids: map[string]uint32{},
	}
	w.client = w.newClient()
	w.createTopics(registry)
	return w
}

func (w *world) newClient(options ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(w.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
	}, options...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(client.Close)
	return client
}

func (w *world) createTopics(registry *srfake.Registry) {
	w.t.Helper()
	topics := []string{w.prefix + "provisioning.dead-letters"}
	for topic, schema := range schemaOf {
		topics = append(topics, w.prefix+topic)
		text, err := os.ReadFile("../../schemas/avsc/" + schema + ".avsc")
		if err != nil {
			w.t.Fatal(err)
		}
		if w.codecs[topic], err = goavro.NewCodec(string(text)); err != nil {
			w.t.Fatal(err)
		}
		id, _, err := registry.RegisterSchema(w.prefix+topic+"-value", sr.Schema{Schema: string(text)})
		if err != nil {
			w.t.Fatal(err)
		}
		w.ids[topic] = uint32(id)
	}
	if _, err := kadm.NewClient(w.client).CreateTopics(w.t.Context(), partitions, 1, nil, topics...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) witness(mode ledger.Mode, rules ledger.Rules) *ledger.Witness {
	w.t.Helper()
	witness, err := ledger.Open(w.t.Context(), ledger.Config{
		Brokers: w.brokers, Registry: w.registry, Prefix: w.prefix, Mode: mode, Rules: rules,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(witness.Close)
	return witness
}

// item is a record of a scene before it is encoded. The offset that it gets is its place in its partition.
type item struct {
	topic     string // without the prefix
	partition int32
	key       string
	value     map[string]any // nil: raw, or null
	raw       []byte
	headers   map[string]string
	at        int64 // append time, milliseconds
	offset    int64 // that it is to get
}

func (w *world) record(i item) *kgo.Record {
	w.t.Helper()
	r := &kgo.Record{
		Topic: w.prefix + i.topic, Partition: i.partition, Key: []byte(i.key), Value: i.raw, Timestamp: time.UnixMilli(i.at),
	}
	if i.value != nil {
		header := binary.BigEndian.AppendUint32([]byte{0}, w.ids[i.topic])
		value, err := w.codecs[i.topic].BinaryFromNative(header, i.value)
		if err != nil {
			w.t.Fatalf("%s: %v", i.topic, err)
		}
		r.Value = value
	}
	for name, text := range i.headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(text)})
	}
	return r
}

// write writes the items in order.
func (w *world) write(items []item) {
	w.t.Helper()
	for _, i := range items {
		if err := w.client.ProduceSync(w.t.Context(), w.record(i)).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// writeIn writes the items in a transaction that is then committed or aborted.
func (w *world) writeIn(end kgo.TransactionEndTry, items []item) {
	w.t.Helper()
	client := w.newClient(kgo.TransactionalID("scene"))
	if err := client.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for _, i := range items {
		if err := client.ProduceSync(w.t.Context(), w.record(i)).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := client.EndTransaction(w.t.Context(), end); err != nil {
		w.t.Fatal(err)
	}
}

// audited waits until the witness has read all that is there, and returns its report.
func audited(t *testing.T, witness *ledger.Witness) *ledger.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := witness.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	return witness.Audit()
}
