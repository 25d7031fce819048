package consumer

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"cardstream/internal/cluster"
	"cardstream/record"
)

// FetcherConfig says how records are fetched. The zero value of every field is its default.
type FetcherConfig struct {
	// ClientID names this process to the broker in fetches. Empty means "cardstream".
	ClientID string
	// MaxWait is how long a broker may hold a fetch that finds nothing. Zero means 500 ms.
	MaxWait time.Duration
	// MaxPartitionBytes bounds what one fetch returns of one partition, in bytes. A batch larger than that still comes
	// whole. Zero means 1 MiB.
	MaxPartitionBytes int32
	// MaxBytes bounds a whole fetch, in bytes, likewise. Zero means 16 MiB.
	MaxBytes int32
	// BufferBytes is how much of a partition may wait to be taken before it is left out of fetches, in bytes as fetched
	// (compressed, aborted records included). So a partition holds at most BufferBytes + MaxPartitionBytes, or one batch
	// that is larger. Zero means 1 MiB.
	BufferBytes int
	// MissingTopicTimeout is how long a topic or partition may be unknown to the cluster before its Partition gets that
	// as an error: brokers that start hear of topics late. Zero means 10 s.
	MissingTopicTimeout time.Duration
	// Clock dates observations. Nil means time.Now.
	Clock func() time.Time
	// Logger is told of partitions that cannot be fetched, and when they can be again. Nil means nobody.
	Logger *slog.Logger
}

func (c FetcherConfig) withDefaults() FetcherConfig {
	c.ClientID = cmp.Or(c.ClientID, "cardstream")
	c.MaxWait = cmp.Or(c.MaxWait, 500*time.Millisecond)
	c.MaxPartitionBytes = cmp.Or(c.MaxPartitionBytes, 1<<20)
	c.MaxBytes = cmp.Or(c.MaxBytes, 16<<20)
	c.BufferBytes = cmp.Or(c.BufferBytes, 1<<20)
	c.MissingTopicTimeout = cmp.Or(c.MissingTopicTimeout, 10*time.Second)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// Fetcher reads committed records of any number of partitions. It sends each broker one fetch at a time for all the
// partitions that the broker leads, and a second, short one beside it for partitions that come to be wanted while the
// first waits. All methods may be called by any number of goroutines.
type Fetcher struct {
	client *cluster.Client
	config FetcherConfig
	// finding holds a token while a leader is looked for: many partitions lose theirs at once, and one answer of the
	// cluster serves all of a topic.
	finding chan struct{}

	mu      sync.Mutex
	open    map[record.TopicPartition]*Partition
	leaders map[cluster.BrokerID]*leader
	running context.Context // nil before Run, and after it
	ended   bool
	work    sync.WaitGroup // every goroutine of the fetcher; grows under mu while running
}

// NewFetcher returns a fetcher that does nothing until Run.
func NewFetcher(client *cluster.Client, config FetcherConfig) *Fetcher {
	return &Fetcher{
		client:  client,
		config:  config.withDefaults(),
		finding: make(chan struct{}, 1),
		open:    map[record.TopicPartition]*Partition{},
		leaders: map[cluster.BrokerID]*leader{},
	}
}

// Run fetches until ctx ends, and returns nil when every goroutine of the fetcher has ended. It is called once; what was
// buffered can still be taken after it. The error of a second call is the only one: brokers that are away are waited for,
// and what is wrong with one partition is told by that Partition.
func (f *Fetcher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := f.begin(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	f.end()
	f.work.Wait()
	return nil
}

func (f *Fetcher) begin(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil || f.ended {
		return errors.New("fetcher runs already, or has run")
	}
	f.running = ctx
	for _, p := range f.open {
		f.seek(p, nil)
	}
	return nil
}

func (f *Fetcher) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running, f.ended = nil, true
	for _, p := range f.open {
		p.end()
	}
}

// Add begins to read a partition from an offset on, at once if the fetcher runs. The caller closes what it is given. A
// partition can be open once in a fetcher: of a second one, Take returns ErrOpenAlready. Once the first is closed, it can
// be added again.
func (f *Fetcher) Add(tp record.TopicPartition, offset int64) *Partition {
	p := newPartition(f, tp, offset)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[tp] != nil {
		p.fail(ErrOpenAlready)
		return p
	}
	f.open[tp] = p
	if f.running != nil {
		f.seek(p, nil)
	}
	return p
}

// remove lets a closed partition's name be added again.
func (f *Fetcher) remove(p *Partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[p.tp] == p {
		delete(f.open, p.tp)
	}
}

// lost looks for the leader of a partition that its leader could not be asked for, or refused.
func (f *Fetcher) lost(p *Partition, cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil {
		f.seek(p, cause)
	}
}

// seek starts the search for a partition's leader. The caller holds mu, and the fetcher runs.
func (f *Fetcher) seek(p *Partition, cause error) {
	f.work.Go(func() {
		if broker, found := p.trouble.resolve(cause); found {
			f.attach(p, broker)
		}
	})
}

// attach gives a partition to the loop of its leader, which begins with the first one.
func (f *Fetcher) attach(p *Partition, broker cluster.BrokerID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == nil {
		return
	}
	l := f.leaders[broker]
	if l == nil {
		l = newLeader(f, broker)
		f.leaders[broker] = l
		ctx := f.running
		f.work.Go(func() { l.run(ctx) })
	}
	l.attach(p)
}
