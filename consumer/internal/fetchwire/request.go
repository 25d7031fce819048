package fetchwire

import (
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	_ "github.com/segmentio/kafka-go/protocol/fetch" // makes Fetch one of the requests whose version is negotiated

	"cardstream/internal/cluster"
	"cardstream/internal/wire"
	"cardstream/record"
)

// Version is the version of the Fetch API that is spoken.
const Version = 11

// Request asks the leader of its partitions for committed records. Sending one through a connection of kafka-go's
// protocol package returns a *Response.
type Request struct {
	ClientID   string
	MaxWait    time.Duration // how long the broker may wait for MinBytes; whole milliseconds
	MinBytes   int32
	MaxBytes   int32 // of the whole response; the first batch comes whole whatever its size
	Partitions []Partition

	negotiated int16 // with the broker at the other end, set by Required
}

// Partition is what is asked of one partition. A response that is full begins with the first of them.
type Partition struct {
	record.TopicPartition
	Offset   int64
	MaxBytes int32
}

var (
	_ protocol.Message      = (*Request)(nil)
	_ protocol.RawExchanger = (*Request)(nil)
)

// ApiKey says that this is a Fetch.
func (*Request) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Required says that the request wants the connection to itself. kafka-go calls it right before RawExchange, with the
// versions negotiated with the broker.
func (r *Request) Required(versions map[protocol.ApiKey]int16) bool {
	r.negotiated = versions[protocol.Fetch]
	return true
}

// RawExchange writes the request and reads its *Response. After an error the connection is of no more use.
func (r *Request) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.negotiated < Version {
		return nil, fmt.Errorf("fetch: %w: the broker takes up to version %d", cluster.UnsupportedVersion, r.negotiated)
	}
	answer, err := wire.Exchange(rw, wire.Call{
		API: int16(protocol.Fetch), Version: Version, ClientID: r.ClientID, Body: r.body(),
	})
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	response, err := Decode(answer)
	if err != nil {
		return nil, fmt.Errorf("fetch: read response: %w", err)
	}
	return response, nil
}

const (
	consumerReplica  = -1
	readCommitted    = 1
	noSession        = 0
	sessionless      = -1 // the epoch of a full fetch that opens no session
	anyLeaderEpoch   = -1
	consumerLogStart = -1
)

func (r *Request) body() []byte {
	b := make([]byte, 0, 128+64*len(r.Partitions))
	b = wire.AppendInt32(b, consumerReplica)
	b = wire.AppendInt32(b, int32(r.MaxWait.Milliseconds()))
	b = wire.AppendInt32(b, r.MinBytes)
	b = wire.AppendInt32(b, r.MaxBytes)
	b = wire.AppendInt8(b, readCommitted)
	b = wire.AppendInt32(b, noSession)
	b = wire.AppendInt32(b, sessionless)
	b = r.appendTopics(b)
	b = wire.AppendInt32(b, 0)      // forgotten topics
	return wire.AppendString(b, "") // rack
}

// appendTopics keeps the partitions in their order, which decides who is served first: neighbours of one topic share an
// entry, and a topic may have several (brokers take that, and Java's client does it).
func (r *Request) appendTopics(b []byte) []byte {
	at := len(b)
	b = wire.AppendInt32(b, 0)
	topics := int32(0)
	for rest := r.Partitions; len(rest) > 0; topics++ {
		run := 1
		for run < len(rest) && rest[run].Topic == rest[0].Topic {
			run++
		}
		b = wire.AppendString(b, rest[0].Topic)
		b = wire.AppendInt32(b, int32(run))
		for _, p := range rest[:run] {
			b = wire.AppendInt32(b, p.TopicPartition.Partition)
			b = wire.AppendInt32(b, anyLeaderEpoch)
			b = wire.AppendInt64(b, p.Offset)
			b = wire.AppendInt64(b, consumerLogStart)
			b = wire.AppendInt32(b, p.MaxBytes)
		}
		rest = rest[run:]
	}
	wire.AppendInt32(b[:at], topics)
	return b
}
