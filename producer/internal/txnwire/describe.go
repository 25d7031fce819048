// Package txnwire has the transaction requests that kafka-go's own messages lack.
package txnwire

import (
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
	"cardstream/internal/wire"
)

// DescribeTransactions asks a coordinator how the last transaction of one transactional id stands (KIP-664, version 0:
// Kafka 3.0 and newer). It is answered by a *Description.
type DescribeTransactions struct {
	ClientID        string
	TransactionalID string
}

// describeTransactions is the request's key.
const describeTransactions protocol.ApiKey = 65

// Description is how a transactional id stands.
type Description struct {
	ErrorCode     cluster.Error
	State         State
	ProducerID    int64
	ProducerEpoch int16
}

// State is a transaction's state as its coordinator names it.
type State string

// The states in which it is decided how the last transaction ends. What is prepared becomes complete when the markers are
// written.
const (
	PrepareCommit  State = "PrepareCommit"
	CompleteCommit State = "CompleteCommit"
	PrepareAbort   State = "PrepareAbort"
	CompleteAbort  State = "CompleteAbort"
)

// The states of an id that has had no transaction since its producer's last InitProducerID.
const (
	Empty State = "Empty"
	Dead  State = "Dead"
)

var (
	_ protocol.Message      = (*DescribeTransactions)(nil)
	_ protocol.RawExchanger = (*DescribeTransactions)(nil)
	_ protocol.Message      = (*Description)(nil)
	_ cluster.Coded         = (*Description)(nil)
)

// ApiKey says that this is a DescribeTransactions.
func (*DescribeTransactions) ApiKey() protocol.ApiKey { return describeTransactions }

// ApiKey says that this answers a DescribeTransactions.
func (*Description) ApiKey() protocol.ApiKey { return describeTransactions }

// Codes implements cluster.Coded.
func (d *Description) Codes() []cluster.Error { return []cluster.Error{d.ErrorCode} }

// Required says that the request wants the connection to itself: kafka-go does not know it.
func (*DescribeTransactions) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *DescribeTransactions) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	body := wire.AppendCompactCount(nil, 1)
	body = wire.AppendCompactString(body, r.TransactionalID)
	body = wire.AppendNoTags(body)
	return wire.Ask(rw, "describe transactions", wire.Call{
		API: int16(describeTransactions), Version: 0, ClientID: r.ClientID, Body: body, Flexible: true,
	}, readDescription)
}

func readDescription(d *wire.Decoder) *Description {
	d.Int32() // throttle time
	const leastSize = 30
	if n := d.CompactCount(leastSize); n != 1 {
		d.Fail(fmt.Errorf("%w: %d transactional ids instead of one", wire.ErrMalformed, n))
	}
	answer := &Description{ErrorCode: cluster.Error(d.Int16())}
	_ = d.CompactString() // the transactional id
	answer.State = State(d.CompactString())
	d.Int32() // time-out
	d.Int64() // start
	answer.ProducerID, answer.ProducerEpoch = d.Int64(), d.Int16()
	for range d.CompactCount(2) {
		_ = d.CompactString()
		for range d.CompactCount(4) {
			d.Int32()
		}
		d.SkipTags()
	}
	d.SkipTags()
	d.SkipTags()
	return answer
}
