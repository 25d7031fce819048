package stream_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/producer"
	"cardstream/stream"
)

// bench is an embedded cluster with the topics of one stage. Records are fed to the input, and a judge that is no part
// of cardstream reads what comes out.
type bench struct {
	kafkatest.Cluster
	names
	partitions int32
	feeder     *kgo.Client
	judge      *kgo.Client
	fed        int   // all records, numbered
	fedTo      []int // records of each partition
	numbered   int   // outputs seen that number a record
	woken      int   // and that woke one
}

// names are a bench's.
type names struct{ in, out, state, group string }

// patience bounds what a test waits for.
const patience = time.Minute

func mustBench(tb testing.TB, partitions int32) *bench {
	tb.Helper()
	b := &bench{
		Cluster: kafkatest.StartEmbedded(tb, devkafka.Config{Brokers: 2}),
		names:   names{in: "in", out: "out", state: "state", group: "group"}, partitions: partitions,
		fedTo: make([]int, partitions),
	}
	b.CreateTopic(tb, b.in, partitions, nil)
	b.CreateTopic(tb, b.out, partitions, nil)
	b.CreateTopic(tb, b.state, partitions, map[string]string{
		"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime",
	})
	b.feeder = b.Client(tb, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	b.judge = b.Client(tb, b.reading()...)
	return b
}

func (b *bench) reading() []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumeTopics(b.out), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
}

// feed writes n records to each partition.
func (b *bench) feed(tb testing.TB, n int) {
	tb.Helper()
	var records []*kgo.Record
	for range n {
		for p := range b.partitions {
			b.fed++
			b.fedTo[p]++
			records = append(records, &kgo.Record{Topic: b.in, Partition: p, Value: []byte(strconv.Itoa(b.fedTo[p]))})
		}
	}
	if err := b.feeder.ProduceSync(tb.Context(), records...).FirstErr(); err != nil {
		tb.Fatal(err)
	}
}

// wakings is how many of the records fed lead to one.
func (b *bench) wakings() (n int) {
	for _, fed := range b.fedTo {
		n += fed / wakeEvery
	}
	return n
}

// awaitAll waits until everything that was fed has come out.
func (b *bench) awaitAll(tb testing.TB) {
	tb.Helper()
	b.await(tb, b.fed, b.wakings())
}

// await waits until the outputs are as many.
func (b *bench) await(tb testing.TB, numbered, woken int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	for b.numbered < numbered || b.woken < woken {
		fetches := b.judge.PollFetches(ctx)
		if ctx.Err() != nil {
			tb.Fatalf("%d records of %d and %d wakings of %d have come out", b.numbered, numbered, b.woken, woken)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if strings.HasPrefix(string(r.Value), "woke") {
				b.woken++
			} else {
				b.numbered++
			}
		})
	}
}

// check reads the whole output anew: each record of the input has been handled once, in order, and each waking took
// place once. Every process has ended, so nothing comes any more.
func (b *bench) check(tb testing.TB) {
	tb.Helper()
	outputs := b.readAll(tb)
	for p := range b.partitions {
		var numbered, woken []string
		for _, value := range outputs[p] {
			if strings.HasPrefix(value, "woke") {
				woken = append(woken, value)
			} else {
				numbered = append(numbered, value)
			}
		}
		for i := range max(len(numbered), b.fedTo[p]) {
			want := fmt.Sprintf("%d %d", i+1, i+1)
			if i >= len(numbered) || i >= b.fedTo[p] || numbered[i] != want {
				tb.Fatalf("partition %d: %d records were fed, %d came out; at %d want %q, got %q",
					p, b.fedTo[p], len(numbered), i, want, numbered[min(i, len(numbered)-1):])
			}
		}
		all := len(woken)
		slices.Sort(woken)
		if woken = slices.Compact(woken); all != len(woken) || all != b.fedTo[p]/wakeEvery {
			tb.Fatalf("partition %d: %d wakings, %d different ones, want %d", p, all, len(woken), b.fedTo[p]/wakeEvery)
		}
	}
}

// readAll returns what is committed, by partition.
func (b *bench) readAll(tb testing.TB) [][]string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	client := b.Client(tb, append(b.reading(), kgo.KeepControlRecords())...)
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, b.out)
	if err != nil {
		tb.Fatal(err)
	}
	outputs := make([][]string, b.partitions)
	left := map[int32]bool{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = true
		}
	})
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			tb.Fatalf("the output of partitions %v cannot be read to its end", left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				outputs[r.Partition] = append(outputs[r.Partition], string(r.Value))
			}
			// The last record of all is a marker, which is kept.
			if end, _ := ends.Lookup(b.out, r.Partition); r.Offset+1 >= end.Offset {
				delete(left, r.Partition)
			}
		})
	}
	return outputs
}

// process is one process of a stage, with a network and a disk of its own.
type process struct {
	*stream.Stage
	network *network
	disk    *folder
	stop    context.CancelFunc
	ended   chan error // closed behind Run's error
	all     sync.WaitGroup
}

// mustRun starts a process, which ends with the test at the latest.
func (b *bench) mustRun(tb testing.TB, disk *folder, change ...func(*stream.Config)) *process {
	tb.Helper()
	p := &process{network: &network{}, disk: disk, ended: make(chan error, 1)}
	client, err := cluster.Open(cluster.Config{Brokers: b.Brokers, Dial: p.network.dial, RequestTimeout: 2 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	fetcher := consumer.NewFetcher(client, consumer.FetcherConfig{MaxWait: 50 * time.Millisecond})
	c := stream.DefaultConfig()
	c.Stage, c.Group, c.Counts = "stage", b.group, map[string]int32{b.in: b.partitions}
	c.Metrics, c.Log = stream.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler)
	c.RestartMin, c.RestartMax, c.DrainTimeout = time.Millisecond, 100*time.Millisecond, 500*time.Millisecond
	for _, set := range change {
		set(&c)
	}
	// Killed processes go by the rebalance time-out, which their successors' joins begin. The session ends for nobody who
	// is merely slow.
	p.Stage = stream.NewStage(c, client, fetcher, consumer.GroupConfig{
		Topics: []string{b.in}, SessionTimeout: time.Minute, RebalanceTimeout: 2 * time.Second,
		HeartbeatInterval: 20 * time.Millisecond, Backoff: 10 * time.Millisecond,
	}, producer.Config{}, disk.newTally(b.names))

	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	fetching, stopFetching := context.WithCancel(context.Background())
	p.all.Go(func() {
		if err := fetcher.Run(fetching); err != nil {
			tb.Errorf("fetcher: %v", err)
		}
	})
	p.all.Go(func() {
		defer close(p.ended)
		defer stopFetching()
		p.ended <- p.Run(ctx)
	})
	tb.Cleanup(func() {
		p.kill()
		p.all.Wait()
		client.Close()
	})
	return p
}

// end stops the process as a signal does.
func (p *process) end(tb testing.TB) {
	tb.Helper()
	p.stop()
	if err := <-p.ended; err != nil {
		tb.Error(err)
	}
	p.all.Wait()
}

// kill takes the process from the cluster between two bytes: nothing it sends from now on arrives. It returns what is on
// its disk.
func (p *process) kill() *folder {
	p.network.cut(true)
	p.stop()
	return p.disk.clone()
}
