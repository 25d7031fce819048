package ledger_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

// The state may stand in a topic of another name; what stands under the contract's is then nobody's.
func TestStateUnderAnotherName(t *testing.T) {
	w := newWorld(t)
	const elsewhere = "app-requests-changelog"
	if _, err := kadm.NewClient(w.client).CreateTopics(t.Context(), partitions, 1, nil, elsewhere); err != nil {
		t.Fatal(err)
	}
	witness, err := ledger.Open(t.Context(), ledger.Config{
		Brokers: w.brokers, Registry: w.registry, Prefix: w.prefix, State: elsewhere,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer witness.Close()
	for _, topic := range []string{elsewhere, w.prefix + "provisioning.state"} {
		tombstone := &kgo.Record{Topic: topic, Partition: 1, Key: []byte("1-7"), Timestamp: time.Now()}
		if err := w.client.ProduceSync(t.Context(), tombstone).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := witness.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := witness.Audit()
	if read := report.Counts.Records["provisioning.state"]; read != 1 {
		t.Errorf("%d records of the state were read, want one", read)
	}
	if report.Foreign.Count != 1 {
		t.Errorf("a state of a request that never was is not found:\n%s", report)
	}
}
