package producer_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// describing answers that each partition has these producers.
func describing(r *kmsg.DescribeProducersRequest, trouble *kerr.Error,
	active ...kmsg.DescribeProducersResponseTopicPartitionActiveProducer) *kmsg.DescribeProducersResponse {
	answer := r.ResponseKind().(*kmsg.DescribeProducersResponse)
	for _, asked := range r.Topics {
		topic := kmsg.NewDescribeProducersResponseTopic()
		topic.Topic = asked.Topic
		for _, p := range asked.Partitions {
			partition := kmsg.NewDescribeProducersResponseTopicPartition()
			partition.Partition, partition.ActiveProducers = p, active
			if trouble != nil {
				partition.ErrorCode = trouble.Code
			}
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

// wrote returns the id under which the last record of the bench's state was written.
func (b bench) wrote(t *testing.T) int64 {
	t.Helper()
	records := b.read(t, b.state, 0)
	if len(records) == 0 {
		t.Fatal("nothing was written")
	}
	return records[len(records)-1].ProducerID
}

// active is a producer of a partition; start is where its open transaction begins there, or -1.
func active(id, start int64) kmsg.DescribeProducersResponseTopicPartitionActiveProducer {
	p := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
	p.ProducerID, p.CurrentTxnStartOffset = id, start
	return p
}

// What the last transaction left open is settled, and who cannot tell whether anything is settles as well.
func TestOnlyWhatIsOpenIsSettled(t *testing.T) {
	type describe = func(own int64, r *kmsg.DescribeProducersRequest) kmsg.Response
	answers := func(trouble *kerr.Error, of ...func(own int64) (id, start int64)) describe {
		return func(own int64, r *kmsg.DescribeProducersRequest) kmsg.Response {
			var all []kmsg.DescribeProducersResponseTopicPartitionActiveProducer
			for _, p := range of {
				all = append(all, active(p(own)))
			}
			return describing(r, trouble, all...)
		}
	}
	own := func(start int64) func(int64) (int64, int64) {
		return func(own int64) (int64, int64) { return own, start }
	}
	other := func(own int64) (int64, int64) { return own + 1, 7 }
	for name, test := range map[string]struct {
		answers []describe // of leaders, one after the other, the last one for good; nil is kfake's own
		offsets *kerr.Error
		times   int  // that offsets are answered so; -1 is for good
		leftOut bool // of the answer about offsets
		settled bool
	}{
		"nothing":                {},
		"own":                    {answers: []describe{answers(nil, own(0))}, settled: true},
		"own, closed":            {answers: []describe{answers(nil, own(-1))}},
		"another's":              {answers: []describe{answers(nil, other)}},
		"own among others":       {answers: []describe{answers(nil, other, own(-1), own(9))}, settled: true},
		"not to be read":         {answers: []describe{answers(kerr.TopicAuthorizationFailed)}, settled: true},
		"not there yet":          {answers: []describe{answers(kerr.UnknownTopicOrPartition), nil}},
		"not its leader":         {answers: []describe{answers(kerr.NotLeaderForPartition), nil}},
		"not its leader and own": {answers: []describe{answers(kerr.NotLeaderForPartition), answers(nil, own(3))}, settled: true},
		"one left out": {answers: []describe{func(_ int64, r *kmsg.DescribeProducersRequest) kmsg.Response {
			answer := describing(r, nil)
			answer.Topics[0].Partitions = answer.Topics[0].Partitions[1:]
			return answer
		}}, settled: true},
		"offsets":                 {offsets: kerr.UnstableOffsetCommit, times: 1, settled: true},
		"an offset left out":      {leftOut: true, settled: true},
		"offsets not to be read":  {offsets: kerr.GroupAuthorizationFailed, times: 1, settled: true},
		"offsets elsewhere":       {offsets: kerr.NotCoordinator, times: 2},
		"offsets being loaded":    {offsets: kerr.CoordinatorLoadInProgress, times: 2},
		"offsets loaded for long": {offsets: kerr.CoordinatorLoadInProgress, times: -1, settled: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mustFaultyBench(t)
			p := b.mustInit(t, b.open(t))
			if _, err := p.Commit(t.Context(), b.step("0", 1)); err != nil {
				t.Fatal(err)
			}
			id := b.wrote(t)
			kafka, heard := b.Embedded.Kafka(), b.hearing()
			var mu sync.Mutex
			left := slices.Clone(test.answers)
			kafka.ControlKey(kmsg.DescribeProducers.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
				kafka.KeepControl()
				mu.Lock()
				defer mu.Unlock()
				if len(left) == 0 {
					return nil, nil, false
				}
				answer := left[0]
				left = left[min(1, len(left)-1):]
				if answer == nil {
					return nil, nil, false
				}
				return answer(id, request.(*kmsg.DescribeProducersRequest)), nil, true
			})
			if test.offsets != nil {
				kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: b.in, Err: test.offsets, Count: test.times})
			}
			if test.leftOut {
				kafka.ControlKey(kmsg.OffsetFetch.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
					return request.ResponseKind(), nil, true
				})
			}
			if err := p.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := []string{"init"}
			if test.settled {
				want = settled
			}
			if heard := heard(); !slices.Equal(heard, want) {
				t.Errorf("the coordinator heard %q, want %q", heard, want)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(left) > 1 {
				t.Errorf("the last %d answers of leaders were not asked for", len(left)-1)
			}
		})
	}
}

// settled is what a coordinator hears of a settlement.
var settled = []string{"init", "partitions", "offsets", "end"}

// hearing returns what tells how coordinators have been asked for changes since.
func (b bench) hearing() (heard func() []string) {
	var mu sync.Mutex
	var all []string
	kafka := b.Embedded.Kafka()
	for key, what := range map[kmsg.Key]string{
		kmsg.InitProducerID: "init", kmsg.AddPartitionsToTxn: "partitions", kmsg.AddOffsetsToTxn: "offsets", kmsg.EndTxn: "end",
	} {
		kafka.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
			kafka.KeepControl()
			mu.Lock()
			defer mu.Unlock()
			all = append(all, what)
			return nil, nil, false
		})
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// A leader may still be asking the coordinator for a transaction that was cut off: whatever is found open, it is settled.
func TestWhatWasCutOffIsSettled(t *testing.T) {
	t.Run("by a new owner", func(t *testing.T) {
		b := mustFaultyBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		hung := hangOnce{swallowed: cancel}
		p := b.mustInit(t, b.open(t, func(config *cluster.Config) { config.Dial = hung.dial }))
		hung.arm(protocol.EndTxn)
		if _, err := p.Commit(ctx, b.step("lost", 1)); !errors.Is(err, context.Canceled) {
			t.Fatalf("the commit says: %v", err)
		}
		owner := producer.NewTransactional(b.open(t), b.config())
		for _, want := range [][]string{settled, {"init"}} { // once
			heard := b.hearing()
			if err := owner.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			if heard := heard(); !slices.Equal(heard, want) {
				t.Errorf("the coordinator heard %q, want %q", heard, want)
			}
		}
	})
	t.Run("by its own", func(t *testing.T) {
		b := mustFaultyBench(t)
		var s saboteur
		p := b.mustInit(t, b.open(t, s.on))
		heard := b.hearing()
		s.from(func(key protocol.ApiKey, nth, _ int) bool { return key == protocol.Produce && nth == 1 })
		if _, err := p.Commit(t.Context(), b.alone("0")); err != nil {
			t.Fatal(err)
		}
		if heard, want := heard(), append(slices.Clone(settled), "end"); !slices.Equal(heard, want) {
			t.Errorf("the coordinator heard %q, want %q", heard, want)
		}
	})
}

// A takeover that finds nothing open writes no marker.
func TestAQuietTakeoverWritesNothing(t *testing.T) {
	b := mustBench(t)
	p := b.mustInit(t, b.open(t))
	if _, err := p.Commit(t.Context(), b.step("0", 1)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p = b.mustInit(t, b.open(t))
	}
	if _, err := p.Commit(t.Context(), b.step("1", 2)); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 2, "0", "1")
	if got := len(b.log(t, b.out, 1)); got != 2*2 {
		t.Errorf("%d records and markers, want two of each", got)
	}
}

// What is open of a transaction is seen as long as it is, be it records or offsets.
func TestWhatIsOpenIsSeen(t *testing.T) {
	for name, change := range map[string]func(bench, *producer.Transaction){
		"records": func(b bench, tx *producer.Transaction) {
			tx.Records, tx.Offsets, tx.Group = []record.Record{b.record(b.out, 1, "lost")}, nil, ""
		},
		"offsets": func(_ bench, tx *producer.Transaction) { tx.Records = nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := mustBench(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			hung := hangOnce{swallowed: cancel}
			p := b.mustInit(t, b.open(t, func(config *cluster.Config) { config.Dial = hung.dial }))
			if _, err := p.Commit(ctx, b.step("0", 1)); err != nil { // so that there is an offset
				t.Fatal(err)
			}
			b.wantSteps(t, 1, "0")
			wantLeft(t, p, false)
			hung.arm(protocol.EndTxn)
			tx := b.step("lost", 2)
			change(b, &tx)
			if _, err := p.Commit(ctx, tx); !errors.Is(err, context.Canceled) {
				t.Fatalf("the commit says: %v", err)
			}
			wantLeft(t, p, true)
			owner := b.mustInit(t, b.open(t))
			wantLeft(t, owner, false)
			if _, err := owner.Commit(t.Context(), b.step("kept", 2)); err != nil {
				t.Fatal(err)
			}
			b.wantSteps(t, 2, "0", "kept")
		})
	}
}

func wantLeft(t *testing.T, p *producer.Transactional, want bool) {
	t.Helper()
	if got, err := p.LeftOpen(t.Context()); err != nil || got != want {
		t.Errorf("left open: %t, %v; want %t", got, err, want)
	}
}

// Who commits offsets and does not say of what cannot ask.
func TestInputsThatAreNotNamedAreSettled(t *testing.T) {
	b := mustFaultyBench(t)
	config := b.config()
	config.Inputs = nil
	p := producer.NewTransactional(b.open(t), config)
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantLeft(t, p, true)
}
