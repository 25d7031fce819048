package txnwire

import (
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
	"cardstream/internal/wire"
)

// End ends a transaction of version 2: EndTxn version 5, whose answer, an *Ended, has the identity for the next one.
type End struct {
	ClientID        string
	TransactionalID string
	ProducerID      int64
	ProducerEpoch   int16
	Committed       bool
}

// Ended answers an End. Asked again with the same epoch, Kafka gives the same answer until the next transaction begins.
type Ended struct {
	ErrorCode     cluster.Error
	ProducerID    int64 // another one where the epochs of the old one are used up
	ProducerEpoch int16
}

var (
	_ protocol.RawExchanger = (*End)(nil)
	_ cluster.Coded         = (*Ended)(nil)
)

const endVersion = 5

// ApiKey implements protocol.Message.
func (*End) ApiKey() protocol.ApiKey { return protocol.EndTxn }

// ApiKey implements protocol.Message.
func (*Ended) ApiKey() protocol.ApiKey { return protocol.EndTxn }

// Codes implements cluster.Coded.
func (e *Ended) Codes() []cluster.Error { return []cluster.Error{e.ErrorCode} }

// Required implements protocol.RawExchanger.
func (*End) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *End) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	body := wire.AppendCompactString(nil, r.TransactionalID)
	body = wire.AppendInt64(body, r.ProducerID)
	body = wire.AppendInt16(body, r.ProducerEpoch)
	body = wire.AppendBool(body, r.Committed)
	body = wire.AppendNoTags(body)
	return wire.Ask(rw, "end transaction", wire.Call{
		API: int16(protocol.EndTxn), Version: endVersion, ClientID: r.ClientID, Body: body, Flexible: true,
	}, readEnded)
}

func readEnded(d *wire.Decoder) *Ended {
	d.Int32() // throttle time
	answer := &Ended{ErrorCode: cluster.Error(d.Int16()), ProducerID: d.Int64(), ProducerEpoch: d.Int16()}
	d.SkipTags()
	return answer
}
