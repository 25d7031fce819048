package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/ledger"
)

// What a transaction has written to one partition may become readable before what it has written to another: the
// witness has caught up only when no transaction is open any more over what stands in the topics.
func TestCatchUpWaitsForOpenTransactions(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, secrets(t))
	client := w.newClient(kgo.TransactionalID("slow"))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	open := &kgo.Record{Topic: w.prefix + "smartcard.commands", Value: []byte("not yet")}
	if err := client.ProduceSync(t.Context(), open).FirstErr(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := witness.CatchUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("caught up before the end of a transaction: %v", err)
	}
	if err := client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if err := witness.CatchUp(t.Context()); err != nil {
		t.Error(err)
	}
	if read := witness.Audit().Counts.Records["smartcard.commands"]; read != 1 {
		t.Errorf("read %d records, want the one", read)
	}
}

// refuseFetches answers the fetches that follow, so many of them, with an error for each partition.
func (w *world) refuseFetches(times int, code int16) {
	for range times {
		w.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
			return refusal(request.(*kmsg.FetchRequest), code), nil, true
		})
	}
}

func refusal(fetch *kmsg.FetchRequest, code int16) *kmsg.FetchResponse {
	response := fetch.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range fetch.Topics {
		answer := kmsg.NewFetchResponseTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, p := range topic.Partitions {
			partition := kmsg.NewFetchResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, code
			answer.Partitions = append(answer.Partitions, partition)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

// A witness that cannot read says so, instead of finding nothing.
func TestAWitnessThatMayNotReadIsNoWitness(t *testing.T) {
	w := newWorld(t)
	w.refuseFetches(1, kerr.TopicAuthorizationFailed.Code)
	witness := w.witness(ledger.Mode{}, secrets(t))
	<-witness.Lost()
	for _, err := range []error{witness.Err(), witness.WaitSettled(t.Context(), time.Minute)} {
		if !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Errorf("%v", err)
		}
	}
	if report := witness.Audit(); report.OK() || !strings.Contains(report.String(), "stopped reading") {
		t.Errorf("a report that cannot be true:\n%s", report)
	}
}

// A leader that is away for a while is waited for.
func TestAWitnessOutlivesPassingTrouble(t *testing.T) {
	w := newWorld(t)
	w.refuseFetches(3, kerr.NotLeaderForPartition.Code)
	witness := w.witness(ledger.Mode{}, secrets(t))
	w.write(faultless().items)
	if report := audited(t, witness); !report.OK() || witness.Err() != nil {
		t.Errorf("findings:\n%s, %v", report, witness.Err())
	}
}

func TestOpenWantsEveryTopic(t *testing.T) {
	w := newWorld(t)
	_, err := ledger.Open(t.Context(), ledger.Config{Brokers: w.brokers, Registry: w.registry, Prefix: "other."})
	if err == nil || !strings.Contains(err.Error(), "other.provisioning") {
		t.Errorf("%v, want the topic that does not exist", err)
	}
}

func TestBusyWhileSomethingIsOwed(t *testing.T) {
	w := newWorld(t)
	witness := w.witness(ledger.Mode{}, secrets(t))
	s := newScene()
	for _, step := range []struct {
		what  string
		write func()
		busy  bool
	}{
		{"nothing", func() {}, false},
		{"a command without its outcome", func() { s.command(first) }, true},
		{"a request that is due", func() {
			s.items = nil
			number := s.entry(first)
			s.numbers[first.id] = number
			s.event(first, "REQUEST_PENDING", "PENDING", number)
		}, true},
		{"its end", func() { s.items = nil; s.send(first) }, false},
		{"a request due in an hour", func() {
			s.items = nil
			s.accept(call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: 3_600_000})
		}, false},
	} {
		step.write()
		w.write(s.items)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if err := witness.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if witness.Busy() != step.busy {
			t.Errorf("after %s: busy %v", step.what, witness.Busy())
		}
	}
}
