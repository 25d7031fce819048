package groupwire

import (
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/heartbeat"

	"cardstream/internal/cluster"
	"cardstream/internal/wire"
)

// HeartbeatVersion is the version of the Heartbeat API that is spoken: the newest without flexible fields. Kafka 2.3 and
// newer take it, 4 included.
const HeartbeatVersion = 3

const noInstance = -1 // null: only static members (KIP-345) have a name of their own

// Heartbeat is a heartbeat request, answered by kafka-go's *heartbeat.Response. It is written by hand because kafka-go
// v0.4.51 reads the answer's two fields in the wrong order from version 1 on, and so never sees an error.
type Heartbeat struct {
	ClientID   string
	Group      string
	Generation int32
	MemberID   string

	negotiated int16 // with the broker at the other end, set by Required
}

var (
	_ protocol.Message      = (*Heartbeat)(nil)
	_ protocol.RawExchanger = (*Heartbeat)(nil)
)

// ApiKey says that this is a Heartbeat.
func (*Heartbeat) ApiKey() protocol.ApiKey { return protocol.Heartbeat }

// Required says that the request wants the connection to itself. kafka-go calls it right before RawExchange, with the
// versions negotiated with the broker.
func (h *Heartbeat) Required(versions map[protocol.ApiKey]int16) bool {
	h.negotiated = versions[protocol.Heartbeat]
	return true
}

// RawExchange writes the request and reads its answer.
func (h *Heartbeat) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if h.negotiated < HeartbeatVersion {
		return nil, fmt.Errorf("heartbeat: %w: the broker takes up to version %d", cluster.UnsupportedVersion, h.negotiated)
	}
	body := wire.AppendString(nil, h.Group)
	body = wire.AppendInt32(body, h.Generation)
	body = wire.AppendString(body, h.MemberID)
	body = wire.AppendInt16(body, noInstance)
	return wire.Ask(rw, "heartbeat", wire.Call{
		API: int16(protocol.Heartbeat), Version: HeartbeatVersion, ClientID: h.ClientID, Body: body,
	}, func(d *wire.Decoder) *heartbeat.Response {
		return &heartbeat.Response{ThrottleTimeMs: d.Int32(), ErrorCode: d.Int16()}
	})
}
