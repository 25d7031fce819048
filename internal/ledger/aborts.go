package ledger

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"
)

// aborts counts the abort markers that were read.
type aborts struct {
	markers      map[string]int // by topic
	transactions map[transaction]struct{}
}

// transaction is one that was aborted: a crashed producer's ends with a new epoch, so each has its own.
type transaction struct {
	producer int64
	epoch    int16
}

func newAborts() aborts {
	return aborts{markers: map[string]int{}, transactions: map[transaction]struct{}{}}
}

// note takes in a control record. Its key is a version and a type, two bytes each: 0 is ABORT (KIP-98).
func (a *aborts) note(topic string, r *kgo.Record) {
	if len(r.Key) < 4 || binary.BigEndian.Uint16(r.Key[2:4]) != 0 {
		return
	}
	a.markers[topic]++
	if topic != stateTopic {
		a.transactions[transaction{r.ProducerID, r.ProducerEpoch}] = struct{}{}
	}
}
