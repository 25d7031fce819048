package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says what is witnessed.
type Config struct {
	Brokers  []string
	Registry string // URL of a Confluent-compatible schema registry
	Prefix   string // of all topic names
	// State is the full name of the topic that is witnessed as provisioning.state, where it is another: what a Kafka
	// Streams application keeps its state in has a name of its own.
	State string
	Rules Rules
	Mode  Mode
	Kafka []kgo.Opt // further options of the client: TLS, SASL
	// Transport reaches the registry; nil is the network.
	Transport http.RoundTripper
}

// full returns the name that a topic has on the cluster.
func (c Config) full(topic string) string {
	if topic == stateTopic && c.State != "" {
		return c.State
	}
	return c.Prefix + topic
}

// plain returns the contract's name of a topic on the cluster.
func (c Config) plain(topic string) string {
	if c.State != "" && topic == c.State {
		return stateTopic
	}
	return strings.TrimPrefix(topic, c.Prefix)
}

// Witness reads the topics of a run as committed, from where they ended when it was opened. Its methods may be called
// at any time, from many goroutines.
type Witness struct {
	config Config
	client *kgo.Client
	reader *reader
	book   *book

	mu    sync.Mutex
	next  map[string]map[int32]int64 // the offset behind the last record taken in, by full topic name
	moved chan struct{}              // closed and made anew whenever something has been taken in
	err   error                      // what makes the reading worthless
	lost  chan struct{}              // closed with it
	last  error                      // the last trouble that passes by itself

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Open begins to witness: what is written from now on counts. It fails where a topic does not exist.
func Open(ctx context.Context, config Config) (*Witness, error) {
	w := &Witness{config: config, moved: make(chan struct{}), lost: make(chan struct{})}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(config.Brokers...), kgo.ClientID("cardstream-ledger"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Markers are kept: they are counted, and they tell how far the witness has read where all before them was
		// aborted. A read-committed fetch carries them as a read-uncommitted one does.
		kgo.KeepControlRecords(),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.AlwaysRetryEOF(),                        // brokers come and go under its eyes
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // a gap is an error: what retention deletes is not witnessed
	}, config.Kafka...)...)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	w.client = client
	if err := w.begin(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("witness: %w", err)
	}
	return w, nil
}

// begin takes the offsets and starts the reading.
func (w *Witness) begin(ctx context.Context) error {
	ends, err := w.ends(ctx, kadm.NewClient(w.client).ListCommittedOffsets)
	if err != nil {
		return err
	}
	w.next = ends
	place, from := newPlacement(), map[string]map[int32]kgo.Offset{}
	for topic, partitions := range ends {
		place.partitions[w.config.plain(topic)] = len(partitions)
		from[topic] = map[int32]kgo.Offset{}
		for partition, offset := range partitions {
			from[topic][partition] = kgo.NewOffset().At(offset)
		}
	}
	w.book = newBook(w.config.Rules, w.config.Mode, place)
	w.reader = &reader{book: w.book, registry: newRegistry(w.config.Registry, w.config.Transport), prefix: w.config.Prefix}
	w.client.AddConsumePartitions(from)

	running, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	arrivals := make(chan arrival, 64)
	w.done.Go(func() { w.poll(running, arrivals) })
	w.done.Go(func() { w.take(running, arrivals) })
	return nil
}

// Close stops reading. What has been read can still be audited.
func (w *Witness) Close() {
	w.cancel()
	w.done.Wait()
	w.client.Close()
	w.reader.registry.close()
}

// arrival is what one poll brought, and when.
type arrival struct {
	fetches kgo.Fetches
	at      time.Time
}

// poll stamps what arrives, apart from the decoding, so that slow decoding does not count as lateness.
func (w *Witness) poll(ctx context.Context, arrivals chan<- arrival) {
	defer close(arrivals)
	for ctx.Err() == nil {
		fetches := w.client.PollFetches(ctx)
		select {
		case arrivals <- arrival{fetches, time.Now()}:
		case <-ctx.Done():
		}
	}
}

// take decodes what arrived and writes it into the book.
func (w *Witness) take(ctx context.Context, arrivals <-chan arrival) {
	for a := range arrivals {
		a.fetches.EachError(func(topic string, partition int32, err error) {
			w.trouble(ctx, fmt.Errorf("%s-%d: %w", topic, partition, err))
		})
		a.fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if err := w.takePartition(ctx, p.Topic, p.Records, a.at); err != nil {
				w.trouble(ctx, err)
			}
		})
		w.wake()
	}
}

func (w *Witness) takePartition(ctx context.Context, topic string, records []*kgo.Record, at time.Time) error {
	for _, r := range records {
		if err := w.reader.read(ctx, w.config.plain(topic), r, at); err != nil {
			return err
		}
		w.mu.Lock()
		w.next[topic][r.Partition] = r.Offset + 1
		w.mu.Unlock()
	}
	return nil
}

// trouble keeps an error of a witness that is not being closed: the first that makes its reading worthless, and the last
// of those that do not, such as a broker that is away.
func (w *Witness) trouble(ctx context.Context, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	w.last = err
	if w.err == nil && !passing(err) {
		w.err = err
		close(w.lost)
	}
}

// Lost is closed when the witness can no longer account for anything, as where brokers have lost what it has read as
// committed. Err says why.
func (w *Witness) Lost() <-chan struct{} { return w.lost }

// Err returns what makes the reading worthless; nil as long as nothing does.
func (w *Witness) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return fmt.Errorf("witness: %w", w.err)
}

// passing reports whether the client goes on after the error and has missed nothing: what it cannot reach it tries again.
func passing(err error) bool {
	var answer *kerr.Error
	var lost *kgo.ErrDataLoss
	var network net.Error
	switch {
	case errors.As(err, &lost):
		return false
	case errors.As(err, &answer):
		return answer.Retriable
	}
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		kgo.IsRetryableBrokerErr(err)
}

// wake tells those who wait that something has been taken in.
func (w *Witness) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.moved)
	w.moved = make(chan struct{})
}

// ends returns the ends of all partitions, by full topic name, as list finds them.
func (w *Witness) ends(ctx context.Context,
	list func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error)) (map[string]map[int32]int64, error) {
	var topics []string
	for _, topic := range witnessedTopics(w.config.Mode) {
		topics = append(topics, w.config.full(topic))
	}
	listed, err := list(ctx, topics...)
	if err != nil {
		return nil, err
	}
	ends := map[string]map[int32]int64{}
	for _, topic := range topics {
		if len(listed[topic]) == 0 {
			return nil, fmt.Errorf("topic %s has no partitions", topic)
		}
		ends[topic] = map[int32]int64{}
		for partition, end := range listed[topic] {
			if end.Err != nil {
				return nil, fmt.Errorf("end of %s: %w", topic, end.Err)
			}
			ends[topic][partition] = end.Offset
		}
	}
	return ends, nil
}

// Audit accounts for every command read so far. fed are the feeders whose commands must be among them. Call it when
// WaitSettled has returned, or has given up: what is still under way is reported as missing.
func (w *Witness) Audit(fed ...Fed) *Report {
	report := w.book.audit()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		report.Missing.add("the witness stopped reading: %v", w.err)
	}
	compareFed(report, fed)
	return report
}

// Secret names a PIN beside those of the commands that decode: one in bytes that do not.
func (w *Witness) Secret(pin PIN) {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	w.book.leaks.secret(string(pin))
}

// Search takes in a text that is in no topic and may hold no PIN either: a log, a page of metrics. The audit says where
// it does.
func (w *Witness) Search(where string, text []byte) {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	w.book.leaks.look(text, func() string { return where })
}

// AbortedTransactions counts those that the witness has seen so far, as Report does.
func (w *Witness) AbortedTransactions() int {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	return len(w.book.aborts.transactions)
}

// Pending returns the numbers of the requests that are PENDING as far as the witness has read, in order: those that a
// cancel may still find so.
func (w *Witness) Pending() []string { return w.book.pendingNumbers() }

// RequestNumber returns the number of the request that a command made, once the witness has seen its REQUEST_PENDING.
// It is asked for to cancel a request that is known by its command only.
func (w *Witness) RequestNumber(c *Command) (string, bool) { return w.book.requestNumber(c) }
