package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// Config says where a processor works.
type Config struct {
	Brokers  []string
	Registry string // URL of a Confluent-compatible schema registry
	Prefix   string // of all topics' names
	Events   bool   // count life cycle events too: Meter.Events
}

// Meter feeds commands and witnesses what comes of them. Loads are fed one after another; its other methods may be called
// from many goroutines.
type Meter struct {
	config   Config
	topics   schemas.Topics
	set      *schemas.Set
	registry *schemas.Registry
	producer *kgo.Client
	consumer *kgo.Client
	cancel   context.CancelFunc
	done     sync.WaitGroup

	mu     sync.Mutex
	load   *Load // the one under way; nil before the first
	events int64
	moved  chan struct{} // closed and made anew whenever something has arrived
	err    error
	made   int // loads
	run    string
}

// Open begins to witness: what is committed from now on is seen. The topics and schemas must be there.
func Open(ctx context.Context, config Config) (*Meter, error) {
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: strings.Split(config.Registry, ",")})
	if err != nil {
		return nil, err
	}
	m := &Meter{
		config: config, topics: schemas.Topics{Prefix: config.Prefix}, registry: registry,
		moved: make(chan struct{}), run: fmt.Sprintf("%x", time.Now().UnixNano()),
	}
	if m.set, err = schemas.Load(ctx, registry, m.topics); err == nil {
		err = m.connect(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// connect opens the clients and begins to read at the topics' ends.
func (m *Meter) connect(ctx context.Context) (err error) {
	brokers := kgo.SeedBrokers(m.config.Brokers...)
	m.producer, err = kgo.NewClient(brokers, kgo.DefaultProduceTopic(m.topics.Commands()), kgo.ProducerLinger(0),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return err
	}
	topics := []string{m.topics.SmartcardCommands()}
	if m.config.Events {
		topics = append(topics, m.topics.Events())
	}
	from, err := ends(ctx, m.producer, topics)
	if err != nil {
		return err
	}
	m.consumer, err = kgo.NewClient(brokers, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumePartitions(from))
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.done.Go(func() { m.witness(running) })
	return nil
}

// Close ends the reading. No load may be under way.
func (m *Meter) Close() error {
	if m.cancel != nil {
		m.cancel()
		m.done.Wait()
	}
	for _, client := range []*kgo.Client{m.producer, m.consumer} {
		if client != nil {
			client.Close()
		}
	}
	m.registry.Close()
	return nil
}

// Events returns how many life cycle events have been read as committed since Open.
func (m *Meter) Events() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.events
}

// AwaitEvents waits until so many life cycle events have been read as committed since Open.
func (m *Meter) AwaitEvents(ctx context.Context, count int64) error {
	return m.await(ctx, func() bool { return m.events >= count })
}

// witness reads until ctx ends.
func (m *Meter) witness(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := m.consumer.PollFetches(ctx)
		at := time.Now()
		m.mu.Lock()
		fetches.EachError(func(topic string, partition int32, err error) {
			if ctx.Err() == nil && m.err == nil {
				m.err = fmt.Errorf("%s-%d: %w", topic, partition, err)
			}
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			switch {
			case p.Topic == m.topics.Events():
				m.events += int64(len(p.Records))
			case m.load != nil:
				m.load.arrive(p.Records, at)
			}
		})
		close(m.moved)
		m.moved = make(chan struct{})
		m.mu.Unlock()
	}
}

// await waits for what only reading can make true; met is called with the lock held.
func (m *Meter) await(ctx context.Context, met func() bool) error {
	for {
		m.mu.Lock()
		done, moved, err := met(), m.moved, m.err
		m.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Sizes returns the mean size of a value in each topic that a command's records go to, of the first few hundred, in bytes.
// Where ctx ends before it has read so many, of those it has; topics without any are left out. It is told the state
// topic's full name, as not everybody keeps it under the contract's.
func (m *Meter) Sizes(ctx context.Context, state string) (map[string]int, error) {
	named := map[string]string{
		m.topics.Requests(): "entry", state: "state", m.topics.SmartcardCommands(): "card", m.topics.Events(): "event",
	}
	from, err := starts(ctx, m.producer, slicesOf(named))
	if err != nil {
		return nil, err
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(m.config.Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(from), kgo.FetchMaxPartitionBytes(64<<10))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	bytes, count := map[string]int{}, map[string]int{}
	for enough := false; !enough && ctx.Err() == nil; {
		reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			bytes[named[r.Topic]] += len(r.Value)
			count[named[r.Topic]]++
		})
		enough = len(count) == len(named)
		for _, n := range count {
			enough = enough && n >= 200
		}
	}
	for name, n := range count {
		bytes[name] /= n
	}
	return bytes, nil
}

func slicesOf(named map[string]string) []string {
	var topics []string
	for topic := range named {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	return topics
}

// record makes the i-th command of a load; without a date it is immediate.
func (m *Meter) record(l *Load, i int, value []byte) (*kgo.Record, error) {
	card, subscription, reset := l.card(i), fmt.Sprintf("S-%d", i), true
	command := provisioning.Command{
		ID: card, Source: "figures", OccurredAt: provisioning.TimestampOf(time.Now()),
		SetUserParameters: &provisioning.SetUserParameters{
			Subscription: provisioning.SubscriptionIdentifier{Number: &subscription},
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &card},
			ResetPIN:     &reset, ProcessImmediately: l.plan.Due == nil,
		},
	}
	if l.plan.Due != nil {
		due := provisioning.TimestampOf(l.plan.Due(i))
		command.SetUserParameters.ScheduledDate = &due
	}
	value, err := m.set.Command.Append(value, &command)
	return &kgo.Record{Key: []byte(keyStart + card), Value: value}, err
}
