package consumer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// damaging is a connection on which one word does not arrive as it was sent.
type damaging struct{ net.Conn }

const damaged = "will be damaged"

func (d damaging) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if at := bytes.Index(b[:n], []byte(damaged)); at >= 0 {
		b[at] ^= 1
	}
	return n, err
}

func TestABatchDamagedOnItsWayIsAnErrorBehindWhatIsGood(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	w := writer(t, c)
	write(t, w, tp, "good", "too")
	write(t, w, tp, damaged)
	write(t, w, tp, "behind")
	client, err := cluster.Open(cluster.Config{
		Brokers: c.Brokers,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return damaging{conn}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p := mustAdd(t, mustFetch(t, client, consumer.FetcherConfig{}), tp, 0)
	wantValues(t, readTo(t, p, 2), "good", "too")
	wantCorrupt(t, awaitError(t, p), 2)
}

func TestABatchThatDoesNotDecompressIsAnErrorBehindWhatIsGood(t *testing.T) {
	c := kafkatest.StartEmbedded(t, embeddedDefaults)
	tp := record.TopicPartition{Topic: "t"}
	c.CreateTopic(t, tp.Topic, 1, nil)
	write(t, writer(t, c), tp, "good", "too")
	produceRaw(t, c, tp, undecompressable(t))
	p := mustAdd(t, mustFetch(t, mustOpen(t, c), consumer.FetcherConfig{}), tp, 0)
	wantValues(t, readTo(t, p, 2), "good", "too")
	wantCorrupt(t, awaitError(t, p), 2)
	if records, next, err := p.Take(10, 10); len(records) > 0 || next != 2 || err == nil {
		t.Errorf("after the error: %d records, next %d, %v", len(records), next, err)
	}
}

func wantCorrupt(t *testing.T, err error, offset int64) {
	t.Helper()
	var corrupt *consumer.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != offset || !errors.Is(err, recordbatch.ErrCorrupt) {
		t.Errorf("%v; want a corrupt batch at offset %d", err, offset)
	}
}

// undecompressable returns a batch with the right checksum over bytes that are no zstd.
func undecompressable(t *testing.T) []byte {
	t.Helper()
	b, err := recordbatch.Append(nil, recordbatch.Header{
		Codec: recordbatch.Zstd, ProducerID: recordbatch.NoProducer,
		ProducerEpoch: recordbatch.NoProducer, BaseSequence: recordbatch.NoProducer,
	}, []record.Record{{Value: []byte("value")}})
	if err != nil {
		t.Fatal(err)
	}
	b[recordbatch.Overhead] ^= 1
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// produceRaw writes bytes as they are.
func produceRaw(t *testing.T, c kafkatest.Cluster, tp record.TopicPartition, batch []byte) {
	t.Helper()
	request := kmsg.NewPtrProduceRequest()
	request.Acks, request.TimeoutMillis = -1, 10_000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = tp.Topic
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Partition, partition.Records = tp.Partition, batch
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(within(t), c.Client(t, kgo.MaxVersions(kversion.V2_8_0())))
	if err != nil || response.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("produce: %+v, %v", response, err)
	}
}
