package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

func TestRecordsComeOnceInOrderWhateverTheCodec(t *testing.T) {
	c := kafkatest.Start(t)
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			tp := record.TopicPartition{Topic: c.Prefix(t) + "t", Partition: 1}
			c.CreateTopic(t, tp.Topic, 2, nil)
			w := writer(t, c, kgo.ProducerBatchCompression(codec))
			var want []string
			var last int64
			for i := range 5 {
				batch := numbered(fmt.Sprint("batch", i), 11)
				want = append(want, batch...)
				last = write(t, w, tp, batch...)
			}
			p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 0)
			got := readTo(t, p, last+1)
			wantValues(t, got, want...)
			for i, r := range got {
				if r.Offset != int64(i) || r.TopicPartition() != tp || string(r.Key) != want[i] || r.Timestamp == 0 {
					t.Errorf("record %d is %+v", i, r)
				}
			}
		})
	}
}

func TestReadingBeginsInTheMiddleOfABatch(t *testing.T) {
	c := kafkatest.Start(t)
	tp := record.TopicPartition{Topic: c.Prefix(t) + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	last := write(t, writer(t, c), tp, "a", "b", "c", "d")
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 2)
	wantValues(t, readTo(t, p, last+1), "c", "d")
}

func TestAbortedRecordsAreNeverHandedOut(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	one, two := writer(t, c, kgo.TransactionalID(prefix+"1")), writer(t, c, kgo.TransactionalID(prefix+"2"))

	transaction(t, one, tp, kgo.TryCommit, "a1", "a2")
	transaction(t, one, tp, kgo.TryAbort, "x1", "x2")
	begin(t, two)
	write(t, two, tp, "x3") // aborted, and around a committed one
	transaction(t, one, tp, kgo.TryCommit, "a3")
	write(t, two, tp, "x4")
	finish(t, two, kgo.TryAbort)
	transaction(t, two, tp, kgo.TryCommit, "a4")
	end := transaction(t, one, tp, kgo.TryAbort, "x5")

	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{})
	want := map[string]int{"a1": 0, "a2": 1, "a3": 7, "a4": 11}
	for from := range end {
		p := fetcher.Add(tp, from)
		var left []string
		for _, v := range []string{"a1", "a2", "a3", "a4"} {
			if int64(want[v]) >= from {
				left = append(left, v)
			}
		}
		wantValues(t, readTo(t, p, end), left...)
		p.Close()
	}
}

func TestAnOpenTransactionHoldsReadersAtTheLastStableOffset(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	plain, open := writer(t, c), writer(t, c, kgo.TransactionalID(prefix+"id"))
	write(t, plain, tp, "before")
	begin(t, open)
	write(t, open, tp, "within")
	write(t, plain, tp, "behind")

	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MaxWait: 20 * time.Millisecond}), tp, 0)
	wantValues(t, readTo(t, p, 1), "before")
	await(t, "the high watermark is seen beyond the last stable offset", func() bool {
		seen := p.Observed()
		return seen.LastStableOffset == 1 && seen.HighWatermark == 3 && seen.LogStart == 0
	})
	finish(t, open, kgo.TryCommit)
	wantValues(t, readTo(t, p, 4), "within", "behind")
}

func TestThePositionMovesOverWhatIsNotHandedOut(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	end := transaction(t, writer(t, c, kgo.TransactionalID(prefix+"id")), tp, kgo.TryAbort, "x1", "x2", "x3")
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 0)
	if got := readTo(t, p, end); len(got) != 0 {
		t.Errorf("handed out %q", values(got))
	}
}

func TestWhatIsNotHandedOutMovesThePositionBehindWhatIs(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c, kgo.TransactionalID(prefix+"id"))
	transaction(t, w, tp, kgo.TryCommit, "a", "b")
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MaxWait: 20 * time.Millisecond}), tp, 0)
	await(t, "records are there", func() bool { return p.Observed().LastStableOffset == 3 })
	end := transaction(t, w, tp, kgo.TryAbort, "x")
	await(t, "an aborted transaction is there too", func() bool { return p.Observed().LastStableOffset == end })
	for i, want := range []struct {
		value string
		next  int64
	}{{"a", 1}, {"b", end}} {
		records, next, err := p.Take(1, 1<<20)
		if err != nil || next != want.next || len(records) != 1 || string(records[0].Value) != want.value {
			t.Errorf("Take %d: %q, %d, %v; want %+v", i, values(records), next, err, want)
		}
	}
}

func TestCompactedGapsArePassedOver(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, map[string]string{"cleanup.policy": "compact", "segment.bytes": "400"})
	w := writer(t, c)
	var last int64
	for i := range 60 {
		r := &kgo.Record{Topic: tp.Topic, Key: []byte{byte(i % 3)}, Value: fmt.Appendf(nil, "v%d", i)}
		if i == 0 {
			r.Key = []byte("stays")
		}
		if err := w.ProduceSync(within(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		last = r.Offset
	}
	c.Embedded.Kafka().Compact()
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 0)
	got := readTo(t, p, last+1)
	if len(got) >= 30 || got[0].Offset != 0 || got[len(got)-1].Offset != last {
		t.Errorf("%d records from %d to %d; want fewer than 30, from 0 to %d",
			len(got), got[0].Offset, got[len(got)-1].Offset, last)
	}
	if !slices.IsSortedFunc(got, func(a, b record.Record) int { return int(a.Offset - b.Offset) }) {
		t.Error("offsets do not rise")
	}
}

func TestAnOffsetOutOfRangeIsAnErrorOfThatPartitionAlone(t *testing.T) {
	c := kafkatest.Start(t)
	topic := c.Prefix(t) + "t"
	c.CreateTopic(t, topic, 3, nil)
	w := writer(t, c)
	deleted, beyond, fine := record.TopicPartition{Topic: topic}, record.TopicPartition{Topic: topic, Partition: 1},
		record.TopicPartition{Topic: topic, Partition: 2}
	for _, tp := range []record.TopicPartition{deleted, beyond, fine} {
		write(t, w, tp, numbered("v", 10)...)
	}
	deleteRecords(t, w, deleted, 4)

	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{})
	for tp, want := range map[record.TopicPartition]consumer.OffsetOutOfRangeError{
		deleted: {TopicPartition: deleted, Offset: 3, LogStart: 4, HighWatermark: 10},
		beyond:  {TopicPartition: beyond, Offset: 11, LogStart: 0, HighWatermark: 10},
	} {
		err := awaitError(t, mustAdd(t, fetcher, tp, want.Offset))
		var got *consumer.OffsetOutOfRangeError
		if !errors.As(err, &got) || *got != want || cluster.KindOf(err) != cluster.Stop ||
			!strings.Contains(err.Error(), fmt.Sprintf("%s: offset %d", tp, want.Offset)) {
			t.Errorf("%s from %d: %v, want %v", tp, want.Offset, err, want)
		}
	}
	wantValues(t, readTo(t, mustAdd(t, fetcher, fine, 8), 10), "v-8", "v-9")
}

func deleteRecords(t *testing.T, w *kgo.Client, tp record.TopicPartition, before int64) {
	t.Helper()
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.TimeoutMillis = 10_000
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = tp.Topic
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Partition, partition.Offset = tp.Partition, before
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	for _, shard := range w.RequestSharded(within(t), request) {
		if shard.Err != nil {
			t.Fatal(shard.Err)
		}
	}
}

func TestAMovedLeaderIsFollowed(t *testing.T) {
	c := threeBrokers(t)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c)
	logger, logged := recordLog()
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{Logger: logger}), tp, 0)
	kafka := c.Embedded.Kafka()
	for i := range 6 {
		if err := kafka.MoveTopicPartition(tp.Topic, 0, (kafka.LeaderFor(tp.Topic, 0)+1)%3); err != nil {
			t.Fatal(err)
		}
		value := fmt.Sprint("v", i)
		last := write(t, w, tp, value)
		wantValues(t, readTo(t, p, last+1), value)
	}
	if strings.Contains(logged(), "trying on") { // told of the third failure in a row: a move takes one or two
		t.Errorf("logged %s", logged())
	}
}

func TestABrokerThatIsAwayIsWaitedFor(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c)
	client, network := openByNetwork(t, c)
	logger, logged := recordLog()
	p := mustAdd(t, mustFetch(t, client, consumer.FetcherConfig{Logger: logger}), tp, 0)
	for i := range 3 {
		value := fmt.Sprint("v", i)
		last := write(t, w, tp, value)
		wantValues(t, readTo(t, p, last+1), value)
		tried := strings.Count(logged(), "trying on") // before the cut: it is told once
		network.cut()
		await(t, "it is told of", func() bool { return strings.Count(logged(), "trying on") > tried })
		network.mend()
	}
	if !strings.Contains(logged(), "fetched again") {
		t.Errorf("logged %s", logged())
	}
}

func TestFailuresThatTimeHealsAreWaitedOut(t *testing.T) {
	for _, code := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.UnknownLeaderEpoch, kerr.FencedLeaderEpoch, kerr.LeaderNotAvailable,
		kerr.KafkaStorageError, kerr.OffsetNotAvailable, kerr.UnknownTopicOrPartition, kerr.UnknownServerError,
		kerr.OffsetOutOfRange, // said of an offset that is in range
	} {
		t.Run(code.Message, func(t *testing.T) {
			c := kafkatest.StartEmbedded(t, embeddedDefaults)
			tp := record.TopicPartition{Topic: "t"}
			c.CreateTopic(t, tp.Topic, 1, nil)
			last := write(t, writer(t, c), tp, "a", "b")
			c.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: tp.Topic, Err: code, Count: 4})
			p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 0)
			wantValues(t, readTo(t, p, last+1), "a", "b")
		})
	}
}

func TestFailuresThatTimeDoesNotHealAreErrorsOfThePartition(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	write(t, writer(t, c), record.TopicPartition{Topic: "t", Partition: 1}, "fine")
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MissingTopicTimeout: 50 * time.Millisecond})

	missing := awaitError(t, mustAdd(t, fetcher, record.TopicPartition{Topic: "missing"}, 0))
	if !errors.Is(missing, cluster.UnknownTopicOrPartition) || !strings.Contains(missing.Error(), "missing-0") {
		t.Errorf("a missing topic: %v", missing)
	}
	for _, code := range []*kerr.Error{kerr.TopicAuthorizationFailed, kerr.CorruptMessage} {
		fault := c.Embedded.Kafka().Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.Fetch}, Topic: "t", Partitions: []int32{0}, Err: code, Count: -1,
		})
		p := fetcher.Add(record.TopicPartition{Topic: "t"}, 0)
		if err := awaitError(t, p); !errors.Is(err, cluster.Error(code.Code)) {
			t.Errorf("%s: %v", code.Message, err)
		}
		p.Close()
		fault.Remove()
	}
	wantValues(t, readTo(t, mustAdd(t, fetcher, record.TopicPartition{Topic: "t", Partition: 1}, 0), 1), "fine")
}

func TestAPartitionIsOpenOnceAndCanBeAddedAgain(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	last := write(t, writer(t, c), tp, "a", "b")
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{})
	first := fetcher.Add(tp, 0)
	second := fetcher.Add(tp, 0)
	if err := awaitError(t, second); !errors.Is(err, consumer.ErrOpenAlready) {
		t.Errorf("a second one: %v", err)
	}
	second.Close() // and the first stays open
	wantValues(t, readTo(t, first, last+1), "a", "b")
	first.Close()
	first.Close()
	if _, _, err := first.Take(1, 1); !errors.Is(err, consumer.ErrPartitionClosed) {
		t.Errorf("after Close: %v", err)
	}
	wantValues(t, readTo(t, mustAdd(t, fetcher, tp, 1), last+1), "b")
}

func TestAnAddedPartitionDoesNotWaitForALongPoll(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 3, nil)
	w := writer(t, c)
	busy, idle := record.TopicPartition{Topic: "t", Partition: 1}, record.TopicPartition{Topic: "t"}
	last := write(t, w, busy, "a")
	polls := c.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: "t", Partitions: []int32{0}, Observe: true, Count: -1,
	})
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MaxWait: 3 * patience}) // nothing is read behind it in time
	mustAdd(t, fetcher, idle, 0)
	if err := polls.Wait(within(t), 1); err != nil {
		t.Fatal(err)
	}
	p := mustAdd(t, fetcher, busy, 0)
	readTo(t, p, last+1)
	last = write(t, w, busy, "b")
	readTo(t, p, last+1)
	if n := polls.Hits(); n != 1 {
		t.Errorf("%d polls of the partition that has nothing, want the one that goes on", n)
	}
}

func TestBuffersAreBoundedAndAFullPartitionHoldsUpNobody(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 2, nil)
	w := writer(t, c)
	full, other := record.TopicPartition{Topic: "t"}, record.TopicPartition{Topic: "t", Partition: 1}
	const batches, each = 40, 10
	value := strings.Repeat("x", 1000)
	var last int64
	for range batches {
		last = write(t, w, full, slices.Repeat([]string{value}, each)...)
	}
	var fetched countingRequests
	c.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: "t", Partitions: []int32{0}, Observe: true, Count: -1, When: fetched.count,
	})
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{
		MaxPartitionBytes: 30_000, BufferBytes: 60_000, MaxWait: 50 * time.Millisecond,
	})
	p := mustAdd(t, fetcher, full, 0)
	// Nobody takes: two or three fetches fill it, and no other is about it while many are about the other partition.
	q := mustAdd(t, fetcher, other, 0)
	for i := range 50 {
		at := write(t, w, other, fmt.Sprint("v", i))
		wantValues(t, readTo(t, q, at+1), fmt.Sprint("v", i))
	}
	if n := fetched.about(full); n > 3 {
		t.Errorf("%d fetches of a partition that nobody takes from", n)
	}
	if got := readTo(t, p, last+1); len(got) != batches*each {
		t.Errorf("%d records, want %d", len(got), batches*each)
	}
}

func TestABatchLargerThanEveryBoundComesWhole(t *testing.T) {
	c := kafkatest.Start(t)
	tp := record.TopicPartition{Topic: c.Prefix(t) + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c)
	large := strings.Repeat("x", 400_000)
	last := write(t, w, tp, large, large[:1], large[:10])
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MaxPartitionBytes: 100, MaxBytes: 100, BufferBytes: 100})
	p := mustAdd(t, fetcher, tp, 0)
	<-p.Ready()
	got, next, err := p.Take(10, 5)
	if err != nil || len(got) != 1 || next != 1 {
		t.Errorf("the first Take: %d records, next %d, %v; want one, although it is larger than asked for", len(got), next, err)
	}
	wantValues(t, readTo(t, p, last+1), large[:1], large[:10])
}

func TestPartitionsAreAddedAndClosedUnderLoad(t *testing.T) {
	c := threeBrokers(t)
	const partitions = 12
	c.CreateTopic(t, "t", partitions, nil)
	w := writer(t, c)
	feeding, stop := context.WithCancel(t.Context())
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for i := 0; feeding.Err() == nil; i++ {
			r := &kgo.Record{Topic: "t", Partition: int32(i % partitions), Value: fmt.Append(nil, i)}
			w.Produce(feeding, r, nil)
			if i%100 == 0 {
				_ = w.Flush(feeding)
			}
		}
	}()
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{})
	kafka := c.Embedded.Kafka()
	var readers []chan struct{}
	for i := range int32(partitions) {
		done := make(chan struct{})
		readers = append(readers, done)
		go func() {
			defer close(done)
			next := int64(0)
			for round := range 15 { // each time from where it was closed, and one of its records in hand
				p := fetcher.Add(record.TopicPartition{Topic: "t", Partition: i}, next)
				for _, r := range readTo(t, p, next+int64(20+round)) {
					if r.Offset != next {
						t.Errorf("partition %d: offset %d, want %d", i, r.Offset, next)
					}
					next = r.Offset + 1
				}
				p.Close()
			}
		}()
	}
	for i := range int32(partitions) {
		if err := kafka.MoveTopicPartition("t", i, (kafka.LeaderFor("t", i)+1)%3); err != nil {
			t.Fatal(err)
		}
	}
	for _, done := range readers {
		<-done
	}
	stop()
	<-fed
}

func TestReadEndsAtTheOffsetAskedFor(t *testing.T) {
	c := kafkatest.Start(t)
	prefix := c.Prefix(t)
	tp := record.TopicPartition{Topic: prefix + "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c, kgo.TransactionalID(prefix+"id"))
	transaction(t, w, tp, kgo.TryCommit, "a", "b", "c")
	end := transaction(t, w, tp, kgo.TryAbort, "x")
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{})
	for until, want := range map[int64][]string{0: nil, 2: {"a", "b"}, 3: {"a", "b", "c"}, end: {"a", "b", "c"}} {
		var got []record.Record
		for r, err := range consumer.Read(within(t), fetcher, tp, 0, until) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		wantValues(t, got, want...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range consumer.Read(ctx, fetcher, tp, end, end+1) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("with an ended context: %v", err)
		}
	}
}

func TestAFetcherRunsOnce(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	fetcher := consumer.NewFetcher(mustOpen(t, c), consumer.FetcherConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fetcher.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := fetcher.Run(t.Context()); err == nil {
		t.Error("it ran a second time")
	}
}

func TestPartitionsComeTogetherAgainInOneFetch(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 3, nil)
	together := c.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: "t", Observe: true, Count: -1,
		When: func(request kmsg.Request) bool {
			topics := request.(*kmsg.FetchRequest).Topics
			return len(topics) == 1 && len(topics[0].Partitions) == 3
		},
	})
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{MaxWait: 100 * time.Millisecond})
	for i := range int32(3) { // the second and third are added while a fetch for the first waits
		p := mustAdd(t, fetcher, record.TopicPartition{Topic: "t", Partition: i}, 0)
		await(t, "the partition has been asked for", func() bool { return !p.Observed().At.IsZero() })
	}
	if err := together.Wait(within(t), 1); err != nil {
		t.Error(err)
	}
}
