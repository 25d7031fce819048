package devkafka_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/devkafka"
)

const ours, brokers = 0, 1 // kgo's TimestampType

var appendTime = map[string]string{"message.timestamp.type": "LogAppendTime"}

func TestLogAppendTimeIsTheBrokers(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	mustCreate(t, cluster, "broker-time", appendTime)
	mustCreate(t, cluster, "client-time", nil)
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	before := time.Now().Truncate(time.Millisecond)
	for name, codec := range map[string]kgo.CompressionCodec{
		"plain": kgo.NoCompression(), "zstd": kgo.ZstdCompression(),
	} {
		client := mustClient(t, cluster, kgo.ProducerBatchCompression(codec))
		for _, topic := range []string{"broker-time", "client-time"} {
			records := []*kgo.Record{
				{Topic: topic, Timestamp: long, Value: bytes.Repeat([]byte(name), 100)},
				{Topic: topic, Timestamp: long.Add(time.Hour), Value: bytes.Repeat([]byte(name), 100)},
			}
			if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, record := range readAll(t, cluster, "broker-time", 4) {
		if record.Attrs.TimestampType() != brokers || record.Timestamp.Before(before) ||
			record.Timestamp.After(time.Now()) {
			t.Errorf("a record of type %d, time %s", record.Attrs.TimestampType(), record.Timestamp)
		}
	}
	for _, record := range readAll(t, cluster, "client-time", 4) {
		if record.Attrs.TimestampType() != ours || record.Timestamp.After(long.Add(time.Hour)) {
			t.Errorf("a record of type %d, time %s", record.Attrs.TimestampType(), record.Timestamp)
		}
	}
}

// partitioned holds a token for each record that has got into its partition's batch.
type partitioned chan struct{}

func (p partitioned) OnProduceRecordPartitioned(*kgo.Record, int32) { p <- struct{}{} }

func TestLogAppendTimeOutlivesCompaction(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	mustCreate(t, cluster, "topic", map[string]string{
		"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact",
	})
	gathered := make(partitioned, 2)
	client := mustClient(t, cluster, kgo.ManualFlushing(), kgo.WithHooks(gathered))
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	before := time.Now().Truncate(time.Millisecond)
	for step := range 3 {
		produced := kgo.AbortingFirstErrPromise(client)
		for _, record := range []*kgo.Record{
			{Topic: "topic", Key: []byte("same"), Timestamp: long, Value: []byte(strconv.Itoa(step))},
			{Topic: "topic", Key: []byte{'a' + byte(step)}, Timestamp: long.Add(time.Hour)},
		} {
			client.Produce(t.Context(), record, produced.Promise())
			select {
			case <-gathered:
			case <-time.After(30 * time.Second):
				t.Fatal("a record has not got into a batch")
			}
		}
		// Both are in one batch now. A flush before the topic is known could send the first alone.
		if err := errors.Join(client.Flush(t.Context()), produced.Err()); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Kafka().Compact()
	records := readAll(t, cluster, "topic", 5) // of "same", those of the second and the last batch
	for _, record := range records {
		if record.Attrs.TimestampType() != brokers || record.Timestamp.Before(before) ||
			record.Timestamp.After(time.Now()) {
			t.Errorf("offset %d: type %d, time %s", record.Offset, record.Attrs.TimestampType(), record.Timestamp)
		}
	}
}

// TestProduceTellsTheAppendTime speaks the protocol's versions before and after topic ids.
func TestProduceTellsTheAppendTime(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	mustCreate(t, cluster, "broker-time", appendTime)
	mustCreate(t, cluster, "client-time", nil)
	client := mustClient(t, cluster)
	for _, version := range []int16{3, 8, 9, 12, 13} {
		for topic, told := range map[string]bool{"broker-time": true, "client-time": false} {
			before := time.Now().UnixMilli()
			partition := produce(t, client, cluster, topic, version, batch("value"))
			if partition.ErrorCode != 0 {
				t.Fatalf("%s, version %d: %v", topic, version, kerr.ErrorForCode(partition.ErrorCode))
			}
			if !told && partition.LogAppendTime != -1 || told && (partition.LogAppendTime < before ||
				partition.LogAppendTime > time.Now().UnixMilli()) {
				t.Errorf("%s, version %d: append time %d", topic, version, partition.LogAppendTime)
			}
		}
	}
}

func TestACorruptBatchIsStillRefused(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	mustCreate(t, cluster, "topic", appendTime)
	corrupt := batch("value")
	corrupt[len(corrupt)-2] ^= 1
	partition := produce(t, mustClient(t, cluster), cluster, "topic", 9, corrupt)
	if partition.ErrorCode != kerr.CorruptMessage.Code || partition.LogAppendTime != -1 {
		t.Errorf("answered %v, append time %d", kerr.ErrorForCode(partition.ErrorCode), partition.LogAppendTime)
	}
}

func produce(tb testing.TB, client *kgo.Client, cluster *devkafka.Cluster, topic string, version int16,
	records []byte) kmsg.ProduceResponseTopicPartition {
	tb.Helper()
	request := kmsg.NewPtrProduceRequest()
	request.Version, request.Acks, request.TimeoutMillis = version, -1, 1000
	request.Topics = []kmsg.ProduceRequestTopic{{
		Topic: topic, TopicID: cluster.Kafka().TopicInfo(topic).TopicID,
		Partitions: []kmsg.ProduceRequestTopicPartition{{Records: records}},
	}}
	response, err := client.Broker(0).Request(tb.Context(), pinned{request, version})
	if err != nil {
		tb.Fatal(err)
	}
	return response.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

// pinned keeps a request at a version that the client would raise.
type pinned struct {
	*kmsg.ProduceRequest
	version int16
}

func (p pinned) MaxVersion() int16 { return p.version }

// batch is one uncompressed record in a v2 batch, with no time of its own.
func batch(value string) []byte {
	record := kmsg.NewRecord()
	record.Value = []byte(value)
	record.Length = int32(len(record.AppendTo(nil)) - 1) // a length below 64 is one byte
	b := kmsg.NewRecordBatch()
	b.PartitionLeaderEpoch, b.Magic, b.NumRecords = -1, 2, 1
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	b.Records = record.AppendTo(nil)
	encoded := b.AppendTo(nil)
	b.Length = int32(len(encoded) - 12)
	b.CRC = int32(crc32.Checksum(encoded[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}
