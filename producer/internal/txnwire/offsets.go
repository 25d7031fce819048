package txnwire

import (
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"

	"cardstream/internal/wire"
)

// FetchStableOffsets asks for committed offsets and takes none that an open transaction is about to replace:
// UNSTABLE_OFFSET_COMMIT stands in its place (KIP-447, version 7: Kafka 2.5 and newer). But for that it says what
// kafka-go's request says, and is answered like that one.
type FetchStableOffsets struct {
	ClientID string
	offsetfetch.Request
}

var _ protocol.RawExchanger = (*FetchStableOffsets)(nil)

const stableVersion = 7

// Required implements protocol.RawExchanger.
func (*FetchStableOffsets) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange writes the request and reads its answer.
func (r *FetchStableOffsets) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	return wire.Ask(rw, "fetch stable offsets", wire.Call{
		API: int16(protocol.OffsetFetch), Version: stableVersion, ClientID: r.ClientID, Body: r.body(), Flexible: true,
	}, readOffsets)
}

func (r *FetchStableOffsets) body() []byte {
	const stable = true
	b := wire.AppendCompactString(nil, r.GroupID)
	b = wire.AppendCompactCount(b, len(r.Topics))
	for _, topic := range r.Topics {
		b = wire.AppendCompactString(b, topic.Name)
		b = wire.AppendCompactCount(b, len(topic.PartitionIndexes))
		for _, p := range topic.PartitionIndexes {
			b = wire.AppendInt32(b, p)
		}
		b = wire.AppendNoTags(b)
	}
	b = wire.AppendBool(b, stable)
	return wire.AppendNoTags(b)
}

func readOffsets(d *wire.Decoder) *offsetfetch.Response {
	answer := &offsetfetch.Response{ThrottleTimeMs: d.Int32()}
	const topicBytes, partitionBytes = 3, 20
	for range d.CompactCount(topicBytes) {
		topic := offsetfetch.ResponseTopic{Name: d.CompactString()}
		for range d.CompactCount(partitionBytes) {
			p := offsetfetch.ResponsePartition{PartitionIndex: d.Int32(), CommittedOffset: d.Int64()}
			p.ComittedLeaderEpoch = d.Int32()
			p.Metadata, p.ErrorCode = d.CompactString(), d.Int16()
			topic.Partitions = append(topic.Partitions, p)
			d.SkipTags()
		}
		answer.Topics = append(answer.Topics, topic)
		d.SkipTags()
	}
	answer.ErrorCode = d.Int16()
	d.SkipTags()
	return answer
}
