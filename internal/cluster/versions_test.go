package cluster_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
	"github.com/segmentio/kafka-go/protocol/heartbeat"
	"github.com/segmentio/kafka-go/protocol/incrementalalterconfigs"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/leavegroup"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/segmentio/kafka-go/protocol/syncgroup"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"

	"cardstream/internal/cluster"
	"cardstream/internal/recordbatch"
	"cardstream/record"
)

// kafka4 is what every Kafka 4 accepts: the lowest version of 4.4.0 and the highest of 4.0.0, from "validVersions" of
// clients/src/main/resources/common/message/*Request.json. KIP-896 removed what is below.
var kafka4 = map[protocol.ApiKey]struct{ lowest, highest int16 }{
	protocol.Produce:                 {3, 11},
	protocol.Fetch:                   {4, 17},
	protocol.ListOffsets:             {1, 10},
	protocol.Metadata:                {0, 12},
	protocol.OffsetCommit:            {2, 9},
	protocol.OffsetFetch:             {1, 9},
	protocol.FindCoordinator:         {0, 6},
	protocol.JoinGroup:               {0, 9},
	protocol.Heartbeat:               {0, 4},
	protocol.LeaveGroup:              {0, 5},
	protocol.SyncGroup:               {0, 5},
	protocol.SaslHandshake:           {0, 1},
	protocol.ApiVersions:             {0, 4},
	protocol.CreateTopics:            {2, 7},
	protocol.InitProducerId:          {0, 5},
	protocol.AddPartitionsToTxn:      {0, 5},
	protocol.AddOffsetsToTxn:         {0, 4},
	protocol.EndTxn:                  {0, 5},
	protocol.TxnOffsetCommit:         {0, 4},
	protocol.DescribeConfigs:         {1, 4},
	protocol.SaslAuthenticate:        {0, 2},
	protocol.IncrementalAlterConfigs: {0, 1},
}

// needed are versions without which a request does not carry what is relied on.
var needed = map[protocol.ApiKey]int16{
	protocol.Produce:         7, // zstd
	protocol.Fetch:           4, // isolation level and aborted transactions
	protocol.JoinGroup:       5, // static membership
	protocol.InitProducerId:  3, // producer id and epoch of who asks
	protocol.TxnOffsetCommit: 3, // member id and generation
	protocol.EndTxn:          2, // PRODUCER_FENCED
}

// TestVersionsAreKafka4s sends every request there is in this program and reads its version off the wire.
func TestVersionsAreKafka4s(t *testing.T) {
	server := mustServe(t, kfake.SeedTopics(1, "t"), kfake.NumBrokers(1),
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "password"))
	var tap wireTap
	client := mustOpen(t, cluster.Config{
		Brokers: server.ListenAddrs(), Dial: tap.dial, SASL: plain.Mechanism{Username: "user", Password: "password"}})

	for _, request := range everyRequest(t) {
		if _, err := client.AnyBroker(t.Context(), request); err != nil {
			t.Errorf("%s: %v", request.ApiKey(), err)
		}
	}
	seen := tap.versions()
	for key, accepted := range kafka4 {
		version, sent := seen[key]
		if !sent {
			t.Errorf("%s was not sent", key)
			continue
		}
		if version < accepted.lowest || version > accepted.highest {
			t.Errorf("%s goes out in version %d, Kafka 4 accepts %d to %d", key, version, accepted.lowest, accepted.highest)
		}
		if version < needed[key] {
			t.Errorf("%s goes out in version %d, %d is needed", key, version, needed[key])
		}
		delete(seen, key)
	}
	for key, version := range seen {
		t.Errorf("%s went out in version %d and is not in the table", key, version)
	}
}

func everyRequest(t *testing.T) []protocol.Message {
	t.Helper()
	batch, err := recordbatch.Append(nil, recordbatch.Header{ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1},
		[]record.Record{{Value: []byte("v")}})
	if err != nil {
		t.Fatal(err)
	}
	sized := append(binary.BigEndian.AppendUint32(nil, uint32(len(batch))), batch...)
	set := protocol.RawRecordSet{Reader: bytes.NewReader(sized)}
	return []protocol.Message{
		&metadata.Request{TopicNames: []string{"t"}},
		&createtopics.Request{TimeoutMs: 1000, Topics: []createtopics.RequestTopic{
			{Name: "new", NumPartitions: 1, ReplicationFactor: 1}}},
		&describeconfigs.Request{Resources: []describeconfigs.RequestResource{{ResourceType: 2, ResourceName: "t"}}},
		&incrementalalterconfigs.Request{Resources: []incrementalalterconfigs.RequestResource{
			{ResourceType: 2, ResourceName: "t", Configs: []incrementalalterconfigs.RequestConfig{
				{Name: "retention.ms", Value: "1000"}}}}},
		&rawproduce.Request{Acks: -1, Timeout: 1000, Topics: []rawproduce.RequestTopic{
			{Topic: "t", Partitions: []rawproduce.RequestPartition{{RecordSet: set}}}}},
		&fetch.Request{ReplicaID: -1, MaxWaitTime: 1, MaxBytes: 1 << 20, IsolationLevel: 1, SessionEpoch: -1,
			Topics: []fetch.RequestTopic{{Topic: "t", Partitions: []fetch.RequestPartition{
				{PartitionMaxBytes: 1 << 20}}}}},
		&listoffsets.Request{ReplicaID: -1, Topics: []listoffsets.RequestTopic{
			{Topic: "t", Partitions: []listoffsets.RequestPartition{{Timestamp: -1}}}}},
		&findcoordinator.Request{Key: "g"},
		&offsetfetch.Request{GroupID: "g"},
		&offsetcommit.Request{GroupID: "g", GenerationID: -1, RetentionTimeMs: -1},
		&joingroup.Request{GroupID: "g", SessionTimeoutMS: 10000, RebalanceTimeoutMS: 10000, ProtocolType: "consumer",
			Protocols: []joingroup.RequestProtocol{{Name: "p"}}},
		&syncgroup.Request{GroupID: "g", MemberID: "m"},
		&heartbeat.Request{GroupID: "g", MemberID: "m"},
		&leavegroup.Request{GroupID: "g", Members: []leavegroup.RequestMember{{MemberID: "m"}}},
		&initproducerid.Request{TransactionalID: "x", TransactionTimeoutMs: 1000, ProducerID: -1, ProducerEpoch: -1},
		&addpartitionstotxn.Request{TransactionalID: "x"},
		&addoffsetstotxn.Request{TransactionalID: "x", GroupID: "g"},
		&txnoffsetcommit.Request{TransactionalID: "x", GroupID: "g"},
		&endtxn.Request{TransactionalID: "x"},
	}
}

// wireTap makes connections which note the key and the version of every request.
type wireTap struct {
	mu   sync.Mutex
	seen map[protocol.ApiKey]int16
}

func (w *wireTap) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return tappedConn{conn, w}, err
}

func (w *wireTap) versions() map[protocol.ApiKey]int16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

func (w *wireTap) note(key protocol.ApiKey, version int16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[protocol.ApiKey]int16{}
	}
	w.seen[key] = version
}

type tappedConn struct {
	net.Conn
	tap *wireTap
}

// Write sees requests whole: none of this test's is longer than one page of kafka-go's buffer.
func (c tappedConn) Write(b []byte) (int, error) {
	const sizeBytes, headerBytes = 4, 8
	if len(b) >= headerBytes && int(binary.BigEndian.Uint32(b)) == len(b)-sizeBytes {
		c.tap.note(protocol.ApiKey(binary.BigEndian.Uint16(b[4:])), int16(binary.BigEndian.Uint16(b[6:])))
	}
	return c.Conn.Write(b)
}

// A broker that has dropped every version we know, or never had the request, is told apart from one that is away.
func TestNoCommonVersion(t *testing.T) {
	server := mustServe(t)
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs()})
	_, err := client.AnyBroker(t.Context(), unheardOf{})
	if cluster.KindOf(err) != cluster.Stop {
		t.Errorf("a request without a version: %v, kind %v", err, cluster.KindOf(err))
	}
}

type unheardOf struct{}

func (unheardOf) ApiKey() protocol.ApiKey { return protocol.StopReplica }
