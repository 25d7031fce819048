package cluster

import (
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/heartbeat"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/syncgroup"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// Coded is an answer that a room reads by itself, since kafka-go does not know it, and that has error codes of a
// coordinator.
type Coded interface {
	protocol.Message
	Codes() []Error
}

// codesOf returns the error codes in an answer of a coordinator, zeros among them: some answers have one, others one
// per partition. LeaveGroup's is not among them: kafka-go v0.4.51 reads its fields in the wrong order (Heartbeat's too,
// which is why the consumer reads that answer itself), and nobody asks again after leaving.
func codesOf(answer protocol.Message) []Error {
	switch r := answer.(type) {
	case *initproducerid.Response:
		return []Error{Error(r.ErrorCode)}
	case *addpartitionstotxn.Response:
		return addPartitionsCodes(r)
	case *addoffsetstotxn.Response:
		return []Error{Error(r.ErrorCode)}
	case *txnoffsetcommit.Response:
		return txnOffsetCommitCodes(r)
	case *endtxn.Response:
		return []Error{Error(r.ErrorCode)}
	case *joingroup.Response:
		return []Error{Error(r.ErrorCode)}
	case *syncgroup.Response:
		return []Error{Error(r.ErrorCode)}
	case *heartbeat.Response:
		return []Error{Error(r.ErrorCode)}
	case *offsetfetch.Response:
		return offsetFetchCodes(r)
	case *offsetcommit.Response:
		return offsetCommitCodes(r)
	case Coded:
		return r.Codes()
	}
	return nil
}

func addPartitionsCodes(r *addpartitionstotxn.Response) (codes []Error) {
	for _, topic := range r.Results {
		for _, partition := range topic.Results {
			codes = append(codes, Error(partition.ErrorCode))
		}
	}
	return codes
}

func txnOffsetCommitCodes(r *txnoffsetcommit.Response) (codes []Error) {
	for _, topic := range r.Topics {
		for _, partition := range topic.Partitions {
			codes = append(codes, Error(partition.ErrorCode))
		}
	}
	return codes
}

func offsetFetchCodes(r *offsetfetch.Response) []Error {
	codes := []Error{Error(r.ErrorCode)}
	for _, topic := range r.Topics {
		for _, partition := range topic.Partitions {
			codes = append(codes, Error(partition.ErrorCode))
		}
	}
	return codes
}

func offsetCommitCodes(r *offsetcommit.Response) (codes []Error) {
	for _, topic := range r.Topics {
		for _, partition := range topic.Partitions {
			codes = append(codes, Error(partition.ErrorCode))
		}
	}
	return codes
}
