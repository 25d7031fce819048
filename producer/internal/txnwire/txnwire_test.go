package txnwire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/wire"
	"cardstream/producer/internal/txnwire"
	"cardstream/record"
)

// exchange is a connection: it keeps what is written and answers with what it was given.
type exchange struct {
	bytes.Buffer
	answer io.Reader
}

func (e *exchange) Read(b []byte) (int, error) { return e.answer.Read(b) }

const correlation = 0x63617264

// answering returns what is on the wire for a response by an independent client.
func answering(version int16, response kmsg.Response) []byte {
	response.SetVersion(version)
	body := response.AppendTo(append(binary.BigEndian.AppendUint32(nil, correlation), 0)) // no tags
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// mustSend writes a request as version and returns what an independent client reads of it.
func mustSend(t *testing.T, request protocol.RawExchanger, version int16, into kmsg.Request) {
	t.Helper()
	conn := &exchange{answer: bytes.NewReader(nil)}
	if _, err := request.RawExchange(conn); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("without an answer: %v", err)
	}
	b := conn.Bytes()
	if size := binary.BigEndian.Uint32(b); int(size) != len(b)-4 {
		t.Errorf("its size is %d, it has %d bytes", size, len(b)-4)
	}
	key, spoken := int16(binary.BigEndian.Uint16(b[4:])), int16(binary.BigEndian.Uint16(b[6:]))
	if key != into.Key() || spoken != version {
		t.Errorf("it is request %d in version %d, want %d in %d", key, spoken, into.Key(), version)
	}
	const header = 4 + 2 + 2 + 4 + 2 + len("me") + 1
	into.SetVersion(version)
	if err := into.ReadFrom(b[header:]); err != nil {
		t.Fatal(err)
	}
}

// mustReceive returns what is read of an answer.
func mustReceive(t *testing.T, request protocol.RawExchanger, wire []byte) protocol.Message {
	t.Helper()
	answer, err := request.RawExchange(&exchange{answer: bytes.NewReader(wire)})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestProduce(t *testing.T) {
	request := &txnwire.Produce{ClientID: "me", TransactionalID: "task", Timeout: 1500 * time.Millisecond,
		Topics: []txnwire.ProduceTopic{
			{Name: "t", Partitions: []txnwire.ProducePartition{
				{Partition: 1, Batch: []byte("first")}, {Partition: 2, Batch: bytes.Repeat([]byte("x"), 300)}}},
			{Name: "u", Partitions: []txnwire.ProducePartition{{Partition: 0, Batch: []byte("second")}}},
		}}
	read := kmsg.NewPtrProduceRequest()
	mustSend(t, request, 12, read)
	if read.TransactionID == nil || *read.TransactionID != "task" || read.Acks != -1 || read.TimeoutMillis != 1500 ||
		len(read.Topics) != 2 {
		t.Fatalf("read %+v", read)
	}
	for i, topic := range request.Topics {
		if read.Topics[i].Topic != topic.Name || len(read.Topics[i].Partitions) != len(topic.Partitions) {
			t.Fatalf("topic %d read as %+v", i, read.Topics[i])
		}
		for j, p := range topic.Partitions {
			if got := read.Topics[i].Partitions[j]; got.Partition != p.Partition || !bytes.Equal(got.Records, p.Batch) {
				t.Errorf("partition read as %+v, want %+v", got, p)
			}
		}
	}

	response := kmsg.NewPtrProduceResponse()
	refused := kmsg.NewProduceResponseTopicPartition()
	refused.Partition, refused.ErrorCode, refused.ErrorMessage = 2, 87, new("no key")
	refused.ErrorRecords = []kmsg.ProduceResponseTopicPartitionErrorRecord{
		{RelativeOffset: 3, ErrorMessage: new("this one")}}
	refused.CurrentLeader.LeaderID = 7
	response.Topics = []kmsg.ProduceResponseTopic{{Topic: "t", Partitions: []kmsg.ProduceResponseTopicPartition{
		{Partition: 1, BaseOffset: 40, LogAppendTime: 41, LogStartOffset: 42,
			CurrentLeader: kmsg.NewProduceResponseTopicPartitionCurrentLeader()},
		refused,
	}}}
	response.Brokers = []kmsg.ProduceResponseBroker{{NodeID: 7, Host: "h", Port: 9092}}
	response.ThrottleMillis = 5
	want := &produce.Response{ThrottleTimeMs: 5, Topics: []produce.ResponseTopic{{
		Topic: "t", Partitions: []produce.ResponsePartition{
			{Partition: 1, BaseOffset: 40, LogAppendTime: 41, LogStartOffset: 42},
			{Partition: 2, ErrorCode: 87, LogAppendTime: -1, LogStartOffset: -1, ErrorMessage: "no key"},
		}}}}
	if got := mustReceive(t, request, answering(12, response)); !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v, want %+v", got, want)
	}
}

func TestCommitOffsets(t *testing.T) {
	request := &txnwire.CommitOffsets{ClientID: "me", Request: txnoffsetcommit.Request{
		TransactionalID: "task", GroupID: "g", ProducerID: 9, ProducerEpoch: 8, GenerationID: 7, MemberID: "m",
		Topics: []txnoffsetcommit.RequestTopic{{Name: "in", Partitions: []txnoffsetcommit.RequestPartition{
			{Partition: 3, CommittedOffset: 1042, CommittedLeaderEpoch: -1}}}}}}
	read := kmsg.NewPtrTxnOffsetCommitRequest()
	mustSend(t, request, 5, read)
	if read.TransactionalID != "task" || read.Group != "g" || read.ProducerID != 9 || read.ProducerEpoch != 8 ||
		read.Generation != 7 || read.MemberID != "m" || read.InstanceID != nil || len(read.Topics) != 1 {
		t.Fatalf("read %+v", read)
	}
	if topic := read.Topics[0]; topic.Topic != "in" || len(topic.Partitions) != 1 || topic.Partitions[0].Partition != 3 ||
		topic.Partitions[0].Offset != 1042 || topic.Partitions[0].LeaderEpoch != -1 || topic.Partitions[0].Metadata != nil {
		t.Errorf("read %+v", topic)
	}

	response := kmsg.NewPtrTxnOffsetCommitResponse()
	response.Topics = []kmsg.TxnOffsetCommitResponseTopic{{Topic: "in",
		Partitions: []kmsg.TxnOffsetCommitResponseTopicPartition{{Partition: 3, ErrorCode: 22}}}}
	want := &txnoffsetcommit.Response{Topics: []txnoffsetcommit.ResponseTopic{{Name: "in",
		Partitions: []txnoffsetcommit.ResponsePartition{{Partition: 3, ErrorCode: 22}}}}}
	if got := mustReceive(t, request, answering(5, response)); !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v, want %+v", got, want)
	}
}

func TestEnd(t *testing.T) {
	for _, committed := range []bool{true, false} {
		request := &txnwire.End{ClientID: "me", TransactionalID: "task", ProducerID: 9, ProducerEpoch: 8, Committed: committed}
		read := kmsg.NewPtrEndTxnRequest()
		mustSend(t, request, 5, read)
		if read.TransactionalID != "task" || read.ProducerID != 9 || read.ProducerEpoch != 8 || read.Commit != committed {
			t.Errorf("read %+v", read)
		}
		response := kmsg.NewPtrEndTxnResponse()
		response.ErrorCode, response.ProducerID, response.ProducerEpoch = 51, 10, 0
		want := &txnwire.Ended{ErrorCode: 51, ProducerID: 10, ProducerEpoch: 0}
		if got := mustReceive(t, request, answering(5, response)); !reflect.DeepEqual(got, want) {
			t.Errorf("received %+v, want %+v", got, want)
		}
	}
}

func TestDescribeTransactions(t *testing.T) {
	request := &txnwire.DescribeTransactions{ClientID: "me", TransactionalID: "task"}
	read := kmsg.NewPtrDescribeTransactionsRequest()
	mustSend(t, request, 0, read)
	if len(read.TransactionalIDs) != 1 || read.TransactionalIDs[0] != "task" {
		t.Errorf("read %+v", read)
	}
	response := kmsg.NewPtrDescribeTransactionsResponse()
	response.TransactionStates = []kmsg.DescribeTransactionsResponseTransactionState{{TransactionalID: "task",
		State: "PrepareCommit", ProducerID: 9, ProducerEpoch: 8,
		Topics: []kmsg.DescribeTransactionsResponseTransactionStateTopic{{Topic: "t", Partitions: []int32{1, 2}}}}}
	want := &txnwire.Description{State: txnwire.PrepareCommit, ProducerID: 9, ProducerEpoch: 8}
	if got := mustReceive(t, request, answering(0, response)); !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v, want %+v", got, want)
	}
}

func TestDescribeProducers(t *testing.T) {
	request := &txnwire.DescribeProducers{ClientID: "me", Topics: []txnwire.PartitionsOf{
		{Topic: "t", Partitions: []int32{1, 2}}, {Topic: "u", Partitions: []int32{0}}}}
	read := kmsg.NewPtrDescribeProducersRequest()
	mustSend(t, request, 0, read)
	if want := []kmsg.DescribeProducersRequestTopic{
		{Topic: "t", Partitions: []int32{1, 2}}, {Topic: "u", Partitions: []int32{0}},
	}; !reflect.DeepEqual(read.Topics, want) {
		t.Errorf("read %+v", read)
	}
	response := producersResponse()
	want := &txnwire.ProducersDescription{Partitions: []txnwire.PartitionProducers{
		{TopicPartition: record.TopicPartition{Topic: "t", Partition: 1}, Open: []int64{8, 10}},
		{TopicPartition: record.TopicPartition{Topic: "t", Partition: 2}, ErrorCode: 29},
		{TopicPartition: record.TopicPartition{Topic: "u"}},
	}}
	if got := mustReceive(t, request, answering(0, response)); !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v, want %+v", got, want)
	}
}

// producersResponse has two producers whose transaction is open, and one whose is not.
func producersResponse() *kmsg.DescribeProducersResponse {
	response := kmsg.NewPtrDescribeProducersResponse()
	producer := func(id, start int64) kmsg.DescribeProducersResponseTopicPartitionActiveProducer {
		return kmsg.DescribeProducersResponseTopicPartitionActiveProducer{ProducerID: id, ProducerEpoch: 3, LastSequence: 4,
			LastTimestamp: 1_800_000_000_000, CoordinatorEpoch: 5, CurrentTxnStartOffset: start}
	}
	response.Topics = []kmsg.DescribeProducersResponseTopic{
		{Topic: "t", Partitions: []kmsg.DescribeProducersResponseTopicPartition{
			{Partition: 1, ActiveProducers: []kmsg.DescribeProducersResponseTopicPartitionActiveProducer{
				producer(8, 0), producer(9, -1), producer(10, 77)}},
			{Partition: 2, ErrorCode: 29, ErrorMessage: new("not yours")},
		}},
		{Topic: "u", Partitions: []kmsg.DescribeProducersResponseTopicPartition{{Partition: 0}}},
	}
	return response
}

func TestFetchStableOffsets(t *testing.T) {
	request := &txnwire.FetchStableOffsets{ClientID: "me", Request: offsetfetch.Request{
		GroupID: "g", Topics: []offsetfetch.RequestTopic{{Name: "in", PartitionIndexes: []int32{3, 4}}}}}
	read := kmsg.NewPtrOffsetFetchRequest()
	mustSend(t, request, 7, read)
	if want := []kmsg.OffsetFetchRequestTopic{{Topic: "in", Partitions: []int32{3, 4}}}; read.Group != "g" ||
		!read.RequireStable || !reflect.DeepEqual(read.Topics, want) {
		t.Errorf("read %+v", read)
	}
	want := &offsetfetch.Response{ThrottleTimeMs: 6, ErrorCode: 15, Topics: []offsetfetch.ResponseTopic{{Name: "in",
		Partitions: []offsetfetch.ResponsePartition{
			{PartitionIndex: 3, CommittedOffset: 1042, ComittedLeaderEpoch: 2, Metadata: "m"},
			{PartitionIndex: 4, CommittedOffset: -1, ComittedLeaderEpoch: -1, ErrorCode: 88}}}}}
	if got := mustReceive(t, request, answering(7, offsetsResponse())); !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v, want %+v", got, want)
	}
}

func offsetsResponse() *kmsg.OffsetFetchResponse {
	response := kmsg.NewPtrOffsetFetchResponse()
	response.ThrottleMillis, response.ErrorCode = 6, 15
	response.Topics = []kmsg.OffsetFetchResponseTopic{{Topic: "in", Partitions: []kmsg.OffsetFetchResponseTopicPartition{
		{Partition: 3, Offset: 1042, LeaderEpoch: 2, Metadata: new("m")},
		{Partition: 4, Offset: -1, LeaderEpoch: -1, ErrorCode: 88},
	}}}
	return response
}

// An answer that is cut off anywhere, or has a byte too many, is malformed, and nothing worse.
func TestAnswersThatAreNone(t *testing.T) {
	whole := map[string]struct {
		request protocol.RawExchanger
		wire    []byte
	}{
		"produce": {&txnwire.Produce{}, answering(12, kmsg.NewPtrProduceResponse())},
		"offsets": {&txnwire.CommitOffsets{}, answering(5, kmsg.NewPtrTxnOffsetCommitResponse())},
		"end":     {&txnwire.End{}, answering(5, kmsg.NewPtrEndTxnResponse())},
		"open":    {&txnwire.DescribeProducers{}, answering(0, producersResponse())},
		"stable":  {&txnwire.FetchStableOffsets{}, answering(7, offsetsResponse())},
	}
	for name, c := range whole {
		body := c.wire[4:]
		for n := range len(body) + 2 {
			if n == len(body) {
				continue
			}
			cut := append(binary.BigEndian.AppendUint32(nil, uint32(n)), append(slices.Clip(body), 0)[:n]...)
			if _, err := c.request.RawExchange(&exchange{answer: bytes.NewReader(cut)}); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s: %d of %d bytes: %v", name, n, len(body), err)
			}
		}
	}
}
