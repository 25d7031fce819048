package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// FeederConfig says where a Feeder feeds what, and how fast.
type FeederConfig struct {
	Brokers  []string
	Registry string // URL of a Confluent-compatible schema registry
	Prefix   string // of all topic names
	Load     Load
	Rate     float64 // commands a second, whether or not they are worked off as fast (open loop); 0: as fast as it can
	Kafka    []kgo.Opt
	// Transport reaches the registry; nil is the network.
	Transport http.RoundTripper
}

// Feeder writes commands like a CRM that keys them by card, with an idempotent producer, and remembers what they demand.
type Feeder struct {
	config FeederConfig
	client *kgo.Client
	codec  *goavro.Codec
	header []byte // of the wire format: byte 0 and the schema's id

	enough     chan struct{} // closed by Finish
	enoughOnce sync.Once

	mu  sync.Mutex
	fed Fed
	err error
}

// Fed counts the commands that a feeder has written, by what they demand. They were written once each.
type Fed struct{ Accepted, Rejected, Duplicates int }

// NewFeeder looks up the commands' schema, and is then ready to Run.
func NewFeeder(ctx context.Context, config FeederConfig) (*Feeder, error) {
	registry := newRegistry(config.Registry, config.Transport)
	defer registry.close()
	codec, id, err := registry.latest(ctx, config.Prefix+commandsSubjectEnd)
	if err != nil {
		return nil, fmt.Errorf("feeder: %w", err)
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(config.Brokers...), kgo.ClientID("cardstream-ledger-feeder"),
		kgo.DefaultProduceTopic(config.Prefix + commandsTopic),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), // murmur2, as Java's
		kgo.ProducerLinger(0),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.MaxBufferedRecords(100_000),
		kgo.AlwaysRetryEOF(), // brokers that come and go are what it is for
	}, config.Kafka...)...)
	if err != nil {
		return nil, fmt.Errorf("feeder: %w", err)
	}
	f := &Feeder{config: config, client: client, codec: codec, header: make([]byte, 5), enough: make(chan struct{})}
	binary.BigEndian.PutUint32(f.header[1:], id)
	return f, nil
}

// Close ends the producer. A Run must have returned.
func (f *Feeder) Close() { f.client.Close() }

// Fed returns what has been written for sure.
func (f *Feeder) Fed() Fed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fed
}

// Finish ends the load after the command in hand: Run returns as if it had no more. It may be called at any time.
func (f *Feeder) Finish() { f.enoughOnce.Do(func() { close(f.enough) }) }

// finished reports whether Finish was called.
func (f *Feeder) finished() bool {
	select {
	case <-f.enough:
		return true
	default:
		return false
	}
}

// Run writes the whole load and returns when the brokers have it, or why they have not: then it is unknown which of the
// last commands were written, and an audit against Fed means nothing.
func (f *Feeder) Run(ctx context.Context) error {
	plan, start := newPlan(f.config.Load), time.Now()
	for n := 0; !f.finished(); n++ {
		next, more := plan.next()
		if !more {
			break
		}
		if err := f.pace(ctx, start, n); err != nil {
			return err
		}
		if err := f.send(ctx, next); err != nil {
			return err
		}
	}
	if err := f.client.Flush(ctx); err != nil {
		return fmt.Errorf("feeder: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Cancel writes a cancel of the request with that number, under an id that no other command of the load's source has. What
// it leads to only the request can tell, so it is not counted in Fed.
func (f *Feeder) Cancel(ctx context.Context, id, number string) error {
	cancel := planned{command: Command{ID: id, Source: newPlan(f.config.Load).load.Source, Cancel: &Cancel{Number: number}}}
	return f.send(ctx, cancel)
}

// CancelPending writes a cancel, as Cancel does, of one of the requests that are PENDING as far as the witness has read:
// by the time that the cancel is read, it may be sent. It returns false where there are none.
func (f *Feeder) CancelPending(ctx context.Context, w *Witness, random *rand.Rand, id string) (bool, error) {
	pending := w.Pending()
	if len(pending) == 0 {
		return false, nil
	}
	return true, f.Cancel(ctx, id, pending[random.IntN(len(pending))])
}

// pace waits until the n-th command's moment.
func (f *Feeder) pace(ctx context.Context, start time.Time, n int) error {
	if f.config.Rate <= 0 {
		return ctx.Err()
	}
	wait := time.Until(start.Add(time.Duration(float64(n) / f.config.Rate * float64(time.Second))))
	if wait < time.Millisecond { // finer than a timer is worth: the next ones catch up
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-f.enough:
	case <-timer.C:
	}
	return nil
}

func (f *Feeder) send(ctx context.Context, p planned) error {
	c := p.command
	now := time.Now()
	c.OccurredAt = now.UnixMilli()
	if p.ahead.Set {
		dated := *c.SetUserParameters
		dated.ScheduledDate = Some(ceilMillis(now.Add(p.ahead.Value)))
		c.SetUserParameters = &dated
	}
	value, err := f.codec.BinaryFromNative(f.header[:5:5], commandNative(&c))
	if err != nil {
		return errors.New("feeder: the registry's schema does not take the command") // goavro's text repeats the value
	}
	f.client.Produce(ctx, &kgo.Record{Key: feedKey(&c), Value: value}, func(_ *kgo.Record, err error) { f.sent(p, err) })
	return nil
}

// sent counts a command that was written.
func (f *Feeder) sent(p planned, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.err = errors.Join(f.err, err)
		return
	}
	switch p.demand.Outcome {
	case Accepted:
		f.fed.Accepted++
	case Rejected:
		f.fed.Rejected++
	case Duplicate:
		f.fed.Duplicates++
	}
}

// feedKey is the card's key; none where no card is named.
func feedKey(c *Command) []byte {
	if c.SetUserParameters != nil {
		if key, ok := c.SetUserParameters.Smartcard.Key(); ok {
			return []byte(key)
		}
	}
	return nil
}

// compareFed wants what the feeders wrote to stand in the topic, demanding what they built it to demand. More of it may stand
// there only byte for byte. A broker that starts again may know no more than the last batch of each producer, as its
// snapshots have no more; of several that were under way, and that nobody has confirmed, the others are then written again.
func compareFed(report *Report, fed []Fed) {
	if len(fed) == 0 {
		return
	}
	var sum Fed
	for _, f := range fed {
		sum = Fed{sum.Accepted + f.Accepted, sum.Rejected + f.Rejected, sum.Duplicates + f.Duplicates}
	}
	c := report.Counts
	there := Fed{c.Accepted, c.Rejected, c.Duplicates}
	more := Fed{there.Accepted - sum.Accepted, there.Rejected - sum.Rejected, there.Duplicates - sum.Duplicates}
	within := func(n, most int) bool { return 0 <= n && n <= most }
	if more.Accepted != 0 || !within(more.Rejected, c.Again.Rejected) || !within(more.Duplicates, c.Again.Duplicates) {
		report.Missing.add("%s: the feeders wrote %+v, there is %+v", commandsTopic, sum, there)
	}
}
