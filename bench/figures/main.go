// Command figures measures a running cardstream from outside, with a Kafka client of its own: how long a command takes
// to its smartcard command, how late scheduled ones are, how fast a burst is worked off. A smartcard command counts when
// it can be read as committed.
//
//	go run ./bench/figures --mode immediate --n 100
//	go run ./bench/figures --mode spread    --n 60000 --rate 1000
//	go run ./bench/figures --mode burst     --n 100000 --ahead 60s
//	go run ./bench/figures --mode backlog   --n 1000000 --ahead 8760h
//
// Every command is about a card of its own, so a smartcard command's key says which command it came of.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/provisioning"
	"cardstream/schemas"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	brokers, registry, prefix, mode string
	n                               int
	rate                            float64
	ahead, pause, timeout           time.Duration
}

func run(ctx context.Context) error {
	var s settings
	flag.StringVar(&s.brokers, "brokers", "127.0.0.1:9092", "bootstrap brokers")
	flag.StringVar(&s.registry, "registry", "http://127.0.0.1:8081", "schema registry")
	flag.StringVar(&s.prefix, "prefix", "", "prefix of the topics' names")
	flag.StringVar(&s.mode, "mode", "immediate", "immediate, spread, burst or backlog")
	flag.IntVar(&s.n, "n", 100, "how many commands")
	flag.Float64Var(&s.rate, "rate", 1000, "spread: how many are due a second")
	flag.DurationVar(&s.ahead, "ahead", 30*time.Second, "how far ahead the (first) date is")
	flag.DurationVar(&s.pause, "pause", 200*time.Millisecond, "immediate: between one command's end and the next")
	flag.DurationVar(&s.timeout, "timeout", 10*time.Minute, "bound on the whole")
	flag.Parse()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	m, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer m.close()
	switch s.mode {
	case "immediate":
		return m.immediate(ctx)
	case "spread":
		return m.scheduled(ctx, func(i int) time.Duration { return time.Duration(float64(i) / s.rate * float64(time.Second)) })
	case "burst":
		return m.scheduled(ctx, func(int) time.Duration { return 0 })
	case "backlog":
		return m.feed(ctx, time.Now().Add(s.ahead), func(int) time.Duration { return 0 })
	}
	return fmt.Errorf("mode %q is none", s.mode)
}

// meter feeds commands and times their smartcard commands.
type meter struct {
	settings
	run      string // in every card's number, so that runs do not meet
	codec    *schemas.Codec[provisioning.Command]
	producer *kgo.Client
	consumer *kgo.Client
	registry *schemas.Registry
}

func open(ctx context.Context, s settings) (*meter, error) {
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: strings.Split(s.registry, ",")})
	if err != nil {
		return nil, err
	}
	topics := schemas.Topics{Prefix: s.prefix}
	set, err := schemas.Load(ctx, registry, topics)
	if err != nil {
		return nil, err
	}
	brokers := kgo.SeedBrokers(strings.Split(s.brokers, ",")...)
	producer, err := kgo.NewClient(brokers, kgo.DefaultProduceTopic(topics.Commands()), kgo.ProducerLinger(0),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		return nil, err
	}
	consumer, err := kgo.NewClient(brokers, kgo.ConsumeTopics(topics.SmartcardCommands()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	if err != nil {
		return nil, err
	}
	m := &meter{settings: s, run: fmt.Sprintf("%x", time.Now().UnixNano()), codec: set.Command,
		producer: producer, consumer: consumer, registry: registry}
	return m, m.settle(ctx)
}

// settle waits until the consumer stands at the topic's end in every partition.
func (m *meter) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := m.consumer.PollFetches(ctx).Err0(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (m *meter) close() {
	m.producer.Close()
	m.consumer.Close()
	m.registry.Close()
}

// record makes the i-th command; without a date it is immediate.
func (m *meter) record(i int, due *provisioning.Timestamp) (*kgo.Record, error) {
	card, subscription, reset := fmt.Sprintf("%s-%d", m.run, i), fmt.Sprintf("S-%d", i), true
	command := provisioning.Command{
		ID: card, Source: "figures", OccurredAt: provisioning.TimestampOf(time.Now()),
		SetUserParameters: &provisioning.SetUserParameters{
			Subscription: provisioning.SubscriptionIdentifier{Number: &subscription},
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &card},
			ResetPIN:     &reset, ProcessImmediately: due == nil, ScheduledDate: due,
		},
	}
	value, err := m.codec.Append(nil, &command)
	return &kgo.Record{Key: []byte("serial_number:" + card), Value: value}, err
}

// await polls until take has said that it has all.
func (m *meter) await(ctx context.Context, take func(card int, at time.Time) (done bool)) error {
	for {
		fetches := m.consumer.PollFetches(ctx)
		at := time.Now()
		if err := fetches.Err0(); err != nil {
			return err
		}
		done := false
		fetches.EachRecord(func(r *kgo.Record) {
			var card int
			if rest, ours := strings.CutPrefix(string(r.Key), "serial_number:"+m.run+"-"); ours {
				if _, err := fmt.Sscan(rest, &card); err == nil {
					done = take(card, at) || done
				}
			}
		})
		if done {
			return nil
		}
	}
}

// immediate sends one command at a time to an idle system.
func (m *meter) immediate(ctx context.Context) error {
	var took []time.Duration
	for i := range m.n {
		r, err := m.record(i, nil)
		if err != nil {
			return err
		}
		sent := time.Now()
		m.producer.Produce(ctx, r, nil)
		err = m.await(ctx, func(card int, at time.Time) bool {
			if card == i {
				took = append(took, at.Sub(sent))
			}
			return card == i
		})
		if err != nil {
			return err
		}
		select {
		case <-time.After(m.pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	report("send to committed smartcard command", took)
	return nil
}

// feed writes n scheduled commands as fast as it can.
func (m *meter) feed(ctx context.Context, first time.Time, after func(i int) time.Duration) error {
	began := time.Now()
	var (
		mu     sync.Mutex
		failed error
	)
	for i := range m.n {
		due := provisioning.TimestampOf(first.Add(after(i)))
		r, err := m.record(i, &due)
		if err != nil {
			return err
		}
		m.producer.Produce(ctx, r, func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	if err := m.producer.Flush(ctx); err != nil {
		return err
	}
	fmt.Printf("fed %d commands in %.1f s\n", m.n, time.Since(began).Seconds())
	mu.Lock()
	defer mu.Unlock()
	return failed
}

// scheduled feeds commands that fall due as after says, and measures how late each is.
func (m *meter) scheduled(ctx context.Context, after func(i int) time.Duration) error {
	first := time.Now().Add(m.ahead).Truncate(time.Second)
	if err := m.feed(ctx, first, after); err != nil {
		return err
	}
	if left := time.Until(first); left < time.Second {
		return fmt.Errorf("feeding took too long: %s before the first date (--ahead)", left)
	}
	late := make([]time.Duration, 0, m.n)
	early := 0
	err := m.await(ctx, func(card int, at time.Time) bool {
		due := first.Add(after(card)).Truncate(time.Millisecond)
		if at.Before(due) {
			early++
		}
		late = append(late, at.Sub(due))
		return len(late) == m.n
	})
	if err != nil {
		return fmt.Errorf("%d of %d arrived: %w", len(late), m.n, err)
	}
	report("arrival after due", late)
	fmt.Printf("early %d\n", early)
	return nil
}

// report prints quantiles.
func report(what string, d []time.Duration) {
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%s: n %d, median %s, 90 %% %s, 99 %% %s, 99.9 %% %s, most %s\n",
		what, len(d), at(0.5), at(0.9), at(0.99), at(0.999), at(1))
}
