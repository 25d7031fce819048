package txnwire

import (
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"

	"cardstream/internal/wire"
)

// CommitOffsets puts offsets into a transaction of version 2: TxnOffsetCommit version 5, by which the group joins the
// transaction without having been announced. It says what kafka-go's request says, and is answered like that one.
type CommitOffsets struct {
	ClientID string
	txnoffsetcommit.Request
}

var _ protocol.RawExchanger = (*CommitOffsets)(nil)

const commitVersion = 5

// Required implements protocol.RawExchanger.
func (*CommitOffsets) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *CommitOffsets) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	return wire.Ask(rw, "commit offsets", wire.Call{
		API: int16(protocol.TxnOffsetCommit), Version: commitVersion, ClientID: r.ClientID, Body: r.body(), Flexible: true,
	}, readCommitted)
}

func (r *CommitOffsets) body() []byte {
	b := wire.AppendCompactString(nil, r.TransactionalID)
	b = wire.AppendCompactString(b, r.GroupID)
	b = wire.AppendInt64(b, r.ProducerID)
	b = wire.AppendInt16(b, r.ProducerEpoch)
	b = wire.AppendInt32(b, r.GenerationID)
	b = wire.AppendCompactString(b, r.MemberID)
	b = wire.AppendCompactNull(b) // the group instance: there are no static members
	b = wire.AppendCompactCount(b, len(r.Topics))
	for _, topic := range r.Topics {
		b = wire.AppendCompactString(b, topic.Name)
		b = wire.AppendCompactCount(b, len(topic.Partitions))
		for _, p := range topic.Partitions {
			b = wire.AppendInt32(b, p.Partition)
			b = wire.AppendInt64(b, p.CommittedOffset)
			b = wire.AppendInt32(b, p.CommittedLeaderEpoch)
			b = wire.AppendCompactNull(b) // metadata
			b = wire.AppendNoTags(b)
		}
		b = wire.AppendNoTags(b)
	}
	return wire.AppendNoTags(b)
}

func readCommitted(d *wire.Decoder) *txnoffsetcommit.Response {
	answer := &txnoffsetcommit.Response{ThrottleTimeMs: d.Int32()}
	const topicBytes, partitionBytes = 3, 7
	for range d.CompactCount(topicBytes) {
		topic := txnoffsetcommit.ResponseTopic{Name: d.CompactString()}
		for range d.CompactCount(partitionBytes) {
			topic.Partitions = append(topic.Partitions,
				txnoffsetcommit.ResponsePartition{Partition: d.Int32(), ErrorCode: d.Int16()})
			d.SkipTags()
		}
		answer.Topics = append(answer.Topics, topic)
		d.SkipTags()
	}
	d.SkipTags()
	return answer
}
