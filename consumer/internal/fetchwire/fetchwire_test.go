package fetchwire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer/internal/fetchwire"
	"cardstream/consumer/internal/readcommitted"
	"cardstream/internal/cluster"
	"cardstream/internal/wire"
	"cardstream/record"
)

// exchange is a connection: it keeps what is written and answers with what it was given.
type exchange struct {
	bytes.Buffer
	answer io.Reader
}

func (e *exchange) Read(b []byte) (int, error) { return e.answer.Read(b) }

func partition(topic string, number int32) record.TopicPartition {
	return record.TopicPartition{Topic: topic, Partition: number}
}

func request() *fetchwire.Request {
	return &fetchwire.Request{
		ClientID: "me", MaxWait: 250 * time.Millisecond, MinBytes: 1, MaxBytes: 1000,
		Partitions: []fetchwire.Partition{
			{TopicPartition: partition("t", 3), Offset: 40, MaxBytes: 100},
			{TopicPartition: partition("t", 1), Offset: 41, MaxBytes: 100},
			{TopicPartition: partition("u", 0), Offset: 42, MaxBytes: 100},
			{TopicPartition: partition("t", 2), Offset: 43, MaxBytes: 100},
		},
	}
}

func negotiate(r *fetchwire.Request, version int16) {
	r.Required(map[protocol.ApiKey]int16{protocol.Fetch: version})
}

// answering returns what is on the wire for a response by an independent client.
func answering(correlation uint32, response *kmsg.FetchResponse) []byte {
	response.Version = fetchwire.Version
	body := response.AppendTo(binary.BigEndian.AppendUint32(nil, correlation))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

const correlation = 0x63617264

func TestAnIndependentClientReadsTheRequest(t *testing.T) {
	r := request()
	negotiate(r, fetchwire.Version)
	conn := &exchange{answer: bytes.NewReader(nil)}
	if _, err := r.RawExchange(conn); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("without an answer: %v", err)
	}
	b := conn.Bytes()
	if size := binary.BigEndian.Uint32(b); int(size) != len(b)-4 {
		t.Errorf("its size is %d, it has %d bytes", size, len(b)-4)
	}
	const header = 4 + 2 + 2 + 4 + 2 + len("me")
	read := kmsg.NewFetchRequest()
	read.Version = int16(binary.BigEndian.Uint16(b[6:]))
	if err := read.ReadFrom(b[header:]); err != nil {
		t.Fatal(err)
	}
	if read.Version != 11 || read.ReplicaID != -1 || read.MaxWaitMillis != 250 || read.MinBytes != 1 || read.MaxBytes != 1000 ||
		read.IsolationLevel != 1 || read.SessionID != 0 || read.SessionEpoch != -1 || len(read.Topics) != 3 {
		t.Errorf("read %+v", read)
	}
	var got []fetchwire.Partition
	for _, topic := range read.Topics {
		for _, p := range topic.Partitions {
			if p.CurrentLeaderEpoch != -1 || p.LogStartOffset != -1 {
				t.Errorf("read %+v", p)
			}
			got = append(got, fetchwire.Partition{
				TopicPartition: partition(topic.Topic, p.Partition), Offset: p.FetchOffset, MaxBytes: p.PartitionMaxBytes,
			})
		}
	}
	if !reflect.DeepEqual(got, r.Partitions) {
		t.Errorf("partitions %+v, want %+v", got, r.Partitions)
	}
}

func TestTheResponseOfAnIndependentServerIsRead(t *testing.T) {
	response := kmsg.NewPtrFetchResponse()
	response.ErrorCode = 71
	topic := kmsg.NewFetchResponseTopic()
	topic.Topic = "t"
	full := kmsg.NewFetchResponseTopicPartition()
	full.Partition, full.HighWatermark, full.LastStableOffset, full.LogStartOffset = 3, 100, 90, 7
	full.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 5, FirstOffset: 8}}
	full.RecordBatches = []byte("batches")
	failed := kmsg.NewFetchResponseTopicPartition()
	failed.Partition, failed.ErrorCode, failed.HighWatermark, failed.LastStableOffset, failed.LogStartOffset = 4, 6, -1, -1, -1
	failed.AbortedTransactions, failed.RecordBatches = nil, nil
	topic.Partitions = append(topic.Partitions, full, failed)
	response.Topics = append(response.Topics, topic)

	r := request()
	negotiate(r, fetchwire.Version)
	got, err := r.RawExchange(&exchange{answer: bytes.NewReader(answering(correlation, response))})
	if err != nil {
		t.Fatal(err)
	}
	want := &fetchwire.Response{ErrorCode: 71, Partitions: []fetchwire.PartitionResponse{
		{
			TopicPartition: partition("t", 3), HighWatermark: 100, LastStableOffset: 90, LogStart: 7,
			Aborted: []readcommitted.AbortedTransaction{{ProducerID: 5, FirstOffset: 8}}, Batches: []byte("batches"),
		},
		{TopicPartition: partition("t", 4), ErrorCode: 6, HighWatermark: -1, LastStableOffset: -1, LogStart: -1},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

func TestWhatIsNoResponseIsAnError(t *testing.T) {
	whole := answering(correlation, kmsg.NewPtrFetchResponse())
	for name, answer := range map[string][]byte{
		"nothing":                {},
		"cut off":                whole[:len(whole)-1],
		"another request's":      answering(1, kmsg.NewPtrFetchResponse()),
		"a size that is none":    {0xff, 0xff, 0xff, 0xff},
		"TLS":                    {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28},
		"HTTP":                   []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"bytes left over":        append(binary.BigEndian.AppendUint32(nil, uint32(len(whole)-4+1)), append(whole[4:], 0)...),
		"a count that is no one": {0, 0, 0, 18, 0x63, 0x61, 0x72, 0x64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff},
	} {
		r := request()
		negotiate(r, fetchwire.Version)
		if got, err := r.RawExchange(&exchange{answer: bytes.NewReader(answer)}); err == nil {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

func TestABrokerThatIsTooOldIsAnError(t *testing.T) {
	r := request()
	negotiate(r, fetchwire.Version-1)
	conn := &exchange{answer: bytes.NewReader(nil)}
	if _, err := r.RawExchange(conn); !errors.Is(err, cluster.UnsupportedVersion) || conn.Len() > 0 {
		t.Errorf("%v, with %d bytes sent", err, conn.Len())
	}
}

// Kafka 4 takes Fetch from version 4 on (KIP-896), and this one speaks what kafka-go negotiates.
func TestTheVersionIsOneThatKafka4Takes(t *testing.T) {
	const least = 4
	if fetchwire.Version < least || fetchwire.Version != protocol.Fetch.MaxVersion() {
		t.Errorf("version %d; Kafka 4 takes %d and newer, kafka-go negotiates up to %d",
			fetchwire.Version, least, protocol.Fetch.MaxVersion())
	}
}

func FuzzDecode(f *testing.F) {
	response := kmsg.NewPtrFetchResponse()
	topic := kmsg.NewFetchResponseTopic()
	p := kmsg.NewFetchResponseTopicPartition()
	p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 5, FirstOffset: 8}}
	p.RecordBatches = []byte("batches")
	topic.Partitions = append(topic.Partitions, p)
	response.Topics = append(response.Topics, topic)
	f.Add(answering(correlation, response)[8:])
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := fetchwire.Decode(wire.NewBytesDecoder(b))
		if err != nil {
			return
		}
		size := 0
		for _, p := range got.Partitions {
			size += len(p.Batches)
		}
		if size > len(b) {
			t.Errorf("%d bytes of batches in %d", size, len(b))
		}
	})
}
