package producer_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/recordbatch"
	"cardstream/producer"
	"cardstream/record"
)

// BenchmarkCommit commits transactions of 200-byte records to three partitions with an input offset, as a step of
// dispatch does. The broker shares the machine.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 100, 500, 5000} {
		for _, codec := range []recordbatch.Codec{recordbatch.None, recordbatch.LZ4} {
			b.Run(fmt.Sprintf("records=%d/codec=%s", size, codec), func(b *testing.B) { benchmarkCommit(b, size, codec) })
		}
	}
}

func benchmarkCommit(b *testing.B, size int, codec recordbatch.Codec) {
	out, in, client := mustBenchClient(b)
	p := producer.NewTransactional(client, producer.Config{TransactionalID: out + "id", Codec: codec})
	if err := p.Init(b.Context()); err != nil {
		b.Fatal(err)
	}
	records := make([]record.Record, size)
	for i := range records {
		records[i] = record.Record{Topic: out, Partition: int32(i % 3), Key: fmt.Appendf(nil, "serial_number:%010d", i),
			Value: bytes.Repeat([]byte{byte(i)}, 176)}
	}
	offsets := map[record.TopicPartition]int64{{Topic: in}: 0}
	b.ReportAllocs()
	for b.Loop() {
		offsets[record.TopicPartition{Topic: in}]++
		if _, err := p.Commit(b.Context(), producer.Transaction{Records: records, Offsets: offsets, Group: out}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// mustBenchClient returns an output topic, an input topic and a client of their cluster: the real one, or an embedded
// one that keeps no records, or its memory would run full.
func mustBenchClient(b *testing.B) (out, in string, client *cluster.Client) {
	b.Helper()
	if os.Getenv(kafkatest.Variable) == "real" {
		shared := mustBench(b)
		return shared.out, shared.in, shared.open(b)
	}
	server, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "out"), kfake.SeedTopics(1, "in"),
		kfake.BlackholeProduce())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	return "out", "in", bench{Cluster: kafkatest.Cluster{Brokers: server.ListenAddrs()}}.open(b)
}
