package devkafka

import (
	"math"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// epochs fences who asks for the next epoch of a producer id that somebody newer has (KIP-360). kfake gives it to anyone
// who ever had one, and so lets a process that lost its partition take the transactional id back. Kafka gives it to who
// has the newest, or repeats the request that led to that.
type epochs struct {
	mu    sync.Mutex
	known map[int64]epoch // by producer id
}

// epoch is the newest of a producer id, and the one with which it was asked for: none, -1, by a new owner.
type epoch struct{ newest, asked int16 }

// judge makes a request unfit where it is to be fenced: kfake refuses an epoch that was never given. body is the request
// behind its header, and changed in place.
func (e *epochs) judge(request *kmsg.InitProducerIDRequest, body []byte) {
	if request.TransactionalID == nil || request.ProducerID < 0 || request.ProducerEpoch < 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	known, ok := e.known[request.ProducerID]
	if !ok || request.ProducerEpoch >= known.newest || request.ProducerEpoch == known.asked {
		return
	}
	request.ProducerEpoch = math.MaxInt16
	copy(body, request.AppendTo(nil)) // the same length: only the epoch differs
}

// learn takes in an answer, body behind its header, to who asked with an epoch.
func (e *epochs) learn(version, asked int16, body []byte) {
	response := &kmsg.InitProducerIDResponse{Version: version}
	if response.IsFlexible() && len(body) > 0 {
		body = body[1:] // no tags
	}
	if response.ReadFrom(body) != nil || response.ErrorCode != 0 {
		return
	}
	e.note(response.ProducerID, epoch{newest: response.ProducerEpoch, asked: asked})
}

// bumpingEndTxn is the first version of EndTxn that gives the next epoch (KIP-890).
const bumpingEndTxn = 5

// learnEnd takes in an answer, body behind its header, to who ended a transaction.
func (e *epochs) learnEnd(version int16, body []byte) {
	response := &kmsg.EndTxnResponse{Version: version}
	if len(body) == 0 || response.ReadFrom(body[1:]) != nil || response.ErrorCode != 0 { // no tags
		return
	}
	e.note(response.ProducerID, epoch{newest: response.ProducerEpoch, asked: -1})
}

func (e *epochs) note(id int64, given epoch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == nil {
		e.known = map[int64]epoch{}
	}
	e.known[id] = given
}
