package follow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/consumer"
	"cardstream/gateway/internal/follow"
	"cardstream/internal/cluster"
)

func TestEndsAreThoseOfEachPartition(t *testing.T) {
	w := newWorld(t)
	w.write(t, w.writer, "a", "b", "c")
	offsets := kadm.Offsets{}
	offsets.AddOffset(tp.Topic, tp.Partition, 1, -1)
	must(kadm.NewClient(w.writer).DeleteRecords(t.Context(), offsets))
	open := w.newWriter(t, kgo.TransactionalID("open"))
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	w.write(t, open, "x")
	for place, want := range map[consumer.Place][]int64{consumer.Earliest: {0, 1}, consumer.Stable: {0, 3}, consumer.Latest: {0, 4}} {
		if got, err := follow.Ends(t.Context(), w.client, tp.Topic, 2, place); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", place, got, err, want)
		}
	}
	if _, err := follow.Ends(t.Context(), w.client, tp.Topic, 3, consumer.Latest); err == nil {
		t.Error("a partition that is not there has an end")
	}
	if err := open.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrittenIsReadInOrder(t *testing.T) {
	w := newWorld(t)
	w.write(t, w.writer, "before")
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprint(i))
	}
	var records []*kgo.Record
	for _, v := range want {
		records = append(records, &kgo.Record{Topic: tp.Topic, Partition: tp.Partition, Value: []byte(v)})
	}
	if err := w.writer.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	f := w.follow(t, 1)
	got, last := f.awaitCaughtUp(t, 2501)
	if !slices.Equal(got, want) || last.Next != 2501 {
		t.Errorf("%d values, next %d", len(got), last.Next)
	}
	if f.first.CaughtUp || len(f.first.Records) >= 2500 {
		t.Errorf("the first step has %d records, caught up %v", len(f.first.Records), f.first.CaughtUp)
	}
	f.stop()
	if err := <-f.ended; err != nil {
		t.Error(err)
	}
}

// The position goes over what was aborted and over markers, so that a partition with nothing but these is caught up with.
func TestAbortedRecordsArePassedOver(t *testing.T) {
	w := newWorld(t)
	f := w.follow(t, 0)
	by := w.newWriter(t, kgo.TransactionalID("id"))
	end := func(try kgo.TransactionEndTry, values ...string) int64 {
		t.Helper()
		if err := by.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		next := w.write(t, by, values...) + 1 // the marker's place
		if err := by.EndTransaction(t.Context(), try); err != nil {
			t.Fatal(err)
		}
		return next
	}
	if got, last := f.awaitCaughtUp(t, end(kgo.TryAbort, "x1", "x2")); len(got) != 0 || last.Next != 3 {
		t.Errorf("%q, %+v", got, last)
	}
	end(kgo.TryCommit, "a")
	end(kgo.TryAbort, "x3")
	if got, _ := f.awaitNext(t, end(kgo.TryCommit, "b")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}

func TestItGoesOnAtTheNewLeader(t *testing.T) {
	w := newWorld(t)
	f := w.follow(t, 0)
	kafka := w.Embedded.Kafka()
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprint(i))
		f.awaitNext(t, w.write(t, w.writer, want[i]))
		if err := kafka.MoveTopicPartition(tp.Topic, tp.Partition, (kafka.LeaderFor(tp.Topic, tp.Partition)+1)%3); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := f.awaitNext(t, 6); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Nothing is skipped by itself: who reads decides what records are that retention has taken.
func TestWhatRetentionTookIsAnError(t *testing.T) {
	w := newWorld(t)
	w.write(t, w.writer, "a", "b", "c")
	offsets := kadm.Offsets{}
	offsets.AddOffset(tp.Topic, tp.Partition, 2, -1)
	must(kadm.NewClient(w.writer).DeleteRecords(t.Context(), offsets))
	for from, want := range map[int64]string{0: "deleted before it was read", 9: "beyond the partition's end"} {
		err := <-w.follow(t, from).ended
		gone, ok := errors.AsType[*consumer.OffsetOutOfRangeError](err)
		if !ok || gone.LogStart != 2 || gone.HighWatermark != 3 || !strings.Contains(err.Error(), want) {
			t.Errorf("from %d: %v", from, err)
		}
	}
	if got, _ := w.follow(t, 2).awaitNext(t, 3); !slices.Equal(got, []string{"c"}) {
		t.Errorf("behind it: %q", got)
	}
}

func TestAPartitionThatIsGoneIsAnError(t *testing.T) {
	w := newWorld(t)
	f := w.follow(t, 0)
	f.awaitNext(t, w.write(t, w.writer, "a"))
	must(kadm.NewClient(w.writer).DeleteTopics(t.Context(), tp.Topic))
	if err := <-f.ended; !errors.Is(err, cluster.UnknownTopicOrPartition) {
		t.Errorf("%v", err)
	}
}

// What each cannot do ends it, with the offset; and the partition can be followed again.
func TestAnErrorOfTheReaderEndsIt(t *testing.T) {
	w := newWorld(t)
	f := w.follow(t, 0)
	f.awaitNext(t, w.write(t, w.writer, "a"))
	full := errors.New("the disk is full")
	f.fail(full)
	w.write(t, w.writer, "b")
	if err := <-f.ended; !errors.Is(err, full) || !strings.Contains(err.Error(), "topic-1 at offset 2") {
		t.Errorf("%v", err)
	}
	if got, _ := w.follow(t, 1).awaitNext(t, 2); !slices.Equal(got, []string{"b"}) {
		t.Errorf("again: %q", got)
	}
}

// A partition in which nothing happens is told about now and then, and is not called caught up on an old word.
func TestSilenceIsToldAbout(t *testing.T) {
	w := newWorld(t)
	idle := consumer.NewFetcher(w.client, consumer.FetcherConfig{}) // it does not run: no leader says anything
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var told []time.Duration
		enough := errors.New("enough")
		err := follow.Partition(t.Context(), idle, tp, 7, func(s follow.Step) error {
			if len(s.Records) > 0 || s.Next != 7 || s.CaughtUp {
				t.Errorf("%+v", s)
			}
			if told = append(told, time.Since(began)); len(told) == 3 {
				return enough
			}
			return nil
		})
		if want := []time.Duration{follow.IdleEvery, 2 * follow.IdleEvery, 3 * follow.IdleEvery}; !errors.Is(err, enough) ||
			!slices.Equal(told, want) {
			t.Errorf("told after %v, %v", told, err)
		}
	})
}
