package consumer_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

// What a leader said is as old as the question: its answer may have waited in a connection that stood still, or in a
// process that did.
func TestAnObservationIsDatedByItsQuestion(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	c.CreateTopic(t, "t", 1, nil)
	asked := time.UnixMilli(1_000_000)
	var clock, fetches atomic.Int64
	clock.Store(asked.UnixMilli())
	stands := make(chan struct{})
	defer close(stands)
	kafka := c.Embedded.Kafka()
	kafka.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		kafka.KeepControl()
		if fetches.Add(1) == 1 {
			clock.Store(asked.Add(time.Minute).UnixMilli()) // the answer takes its time
		} else {
			<-stands
		}
		return nil, nil, false
	})
	fetcher := mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{
		Clock: func() time.Time { return time.UnixMilli(clock.Load()) }, MaxWait: 10 * time.Millisecond,
	})
	p := fetcher.Add(record.TopicPartition{Topic: "t"}, 0)
	defer p.Close()
	await(t, "an observation", func() bool { return !p.Observed().At.IsZero() })
	if at := p.Observed().At; !at.Equal(asked) {
		t.Errorf("dated %s after it was asked for", at.Sub(asked))
	}
}
