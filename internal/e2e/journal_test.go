package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

// journal is the life cycle events of a deployment as they come, for what only the times of events can tell. The
// ledger judges all else.
type journal struct {
	codec *goavro.Codec

	mu     sync.Mutex
	events []happened
	counts map[string]int // by type
}

// happened is a life cycle event.
type happened struct {
	kind, number, rejecter string
	immediate              bool
	at, due                time.Time
}

// keepJournal begins to read, until the test's end.
func (d *deployment) keepJournal() *journal {
	d.t.Helper()
	_, codec := d.latest("provisioning.events")
	j := &journal{codec: codec, counts: map[string]int{}}
	client := d.cluster.Client(d.t, kgo.ConsumeTopics(d.prefix+"provisioning.events"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			for _, r := range client.PollFetches(ctx).Records() {
				j.take(d.t, r)
			}
		}
	})
	d.t.Cleanup(func() { cancel(); reading.Wait() })
	return j
}

// latest returns the newest schema of a topic, and its id.
func (d *deployment) latest(topic string) (uint32, *goavro.Codec) {
	d.t.Helper()
	response, err := get(d.cluster.RegistryURL + "/subjects/" + d.prefix + topic + "-value/versions/latest")
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var latest struct {
		ID     uint32
		Schema string
	}
	if err := json.NewDecoder(response.Body).Decode(&latest); err != nil || response.StatusCode != http.StatusOK {
		d.t.Fatalf("schema of %s: %s: %v", topic, response.Status, err)
	}
	codec, err := goavro.NewCodec(latest.Schema)
	if err != nil {
		d.t.Fatal(err)
	}
	return latest.ID, codec
}

func (j *journal) take(t *testing.T, r *kgo.Record) {
	native, _, err := j.codec.NativeFromBinary(r.Value[5:])
	if err != nil {
		t.Errorf("event %d of partition %d: %v", r.Offset, r.Partition, err)
		return
	}
	value := native.(map[string]any)
	h := happened{
		kind: value["event_type"].(string), at: value["occurred_at"].(time.Time),
		number:   branch[string](value, "request_number"),
		rejecter: branch[string](value, "rejected_by"), immediate: branch[bool](value, "process_immediately"),
		due: branch[time.Time](value, "due_at"),
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, h)
	j.counts[h.kind]++
}

// branch returns a value out of a union with null; the zero value for null.
func branch[T any](value map[string]any, name string) T {
	union, _ := value[name].(map[string]any)
	for _, inner := range union {
		if typed, ok := inner.(T); ok {
			return typed
		}
	}
	var zero T
	return zero
}

// all returns the events so far.
func (j *journal) all() []happened {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.events)
}

// upTo returns them once there are as many as the ledger has seen.
func (j *journal) upTo(t *testing.T, report *ledger.Report) []happened {
	t.Helper()
	eventually(t, time.Minute, "the journal has all events", func() bool {
		return len(j.all()) >= report.Counts.Records["provisioning.events"]
	})
	return j.all()
}

// count returns how many events of a type there are so far.
func (j *journal) count(kind string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts[kind]
}

// open returns the requests that are SENT at a moment, by the events' own times.
func open(events []happened, at time.Time) map[string]bool {
	sent := map[string]bool{}
	for _, e := range events {
		switch {
		case e.at.After(at):
		case e.kind == "REQUEST_SENT":
			sent[e.number] = true
		case e.kind == "REQUEST_COMPLETED" || e.kind == "REQUEST_REJECTED":
			delete(sent, e.number)
		}
	}
	return sent
}

// timed is an event with the moment at which something is to be done about it.
type timed struct {
	happened
	moment time.Time
}

// byTime gives each REQUEST_PENDING its moment, and sorts by it.
func byTime(events []happened, moment func(happened) time.Time) []timed {
	var list []timed
	for _, e := range events {
		if e.kind == "REQUEST_PENDING" {
			list = append(list, timed{e, moment(e)})
		}
	}
	slices.SortFunc(list, func(a, b timed) int { return a.moment.Compare(b.moment) })
	return list
}
