package consumer_test

import (
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/consumer"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

// BenchmarkFetch reads records of 200 bytes from 12 partitions of a broker, in this process, that has them ready in
// memory: what is left is the fetcher's own cost, and the copying through loopback sockets. One operation is one record.
func BenchmarkFetch(b *testing.B) {
	synthetic := kfake.SyntheticFetch(kfake.SyntheticBatch{RecordBytes: 200, Records: 500, RandomFrac: 1})
	c := kafkatest.StartEmbedded(b, devkafka.Config{Options: []kfake.Opt{synthetic}})
	const partitions = 12
	c.CreateTopic(b, "t", partitions, nil)
	fetcher := mustFetch(b, mustOpen(b, c), consumer.FetcherConfig{})
	taken := make(chan int)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for i := range int32(partitions) {
		p := mustAdd(b, fetcher, record.TopicPartition{Topic: "t", Partition: i}, 0)
		readers.Go(func() {
			for {
				select {
				case <-p.Ready():
				case <-stop:
					return
				}
				records, _, err := p.Take(500, 1<<20)
				if err != nil {
					b.Error(err)
				}
				select {
				case taken <- len(records):
				case <-stop:
					return
				}
			}
		})
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); {
		for n == 0 {
			n = <-taken
		}
		n--
	}
	close(stop)
	readers.Wait()
}
