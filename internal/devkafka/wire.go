package devkafka

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxRequest is Kafka's socket.request.max.bytes: what announces more is no Kafka client.
const maxRequest = 100 << 20

// wire is a broker's end of a connection. Requests pass through it whole: it refuses those that Kafka 4 would and kfake
// would not, and gives log-append time its meaning. The broker reads from one goroutine and writes from another.
type wire struct {
	net.Conn
	topics *timestampTypes
	epochs *epochs

	request []byte // what the broker has not read yet of the request in hand; the reader's

	mu       sync.Mutex
	awaiting map[int32]asked // by correlation id: requests whose responses need a change
}

// asked is what must be known of a request when its response passes.
type asked struct {
	key, version int16
	stamped      map[topicPartition]int64 // Produce: the times given, in milliseconds
	epoch        int16                    // InitProducerID: the asker's
}

type topicPartition struct {
	topic     string
	id        [16]byte
	partition int32
}

func newWire(conn net.Conn, topics *timestampTypes, epochs *epochs) *wire {
	return &wire{Conn: conn, topics: topics, epochs: epochs, awaiting: make(map[int32]asked)}
}

// Read hands on the next bytes of a request that has arrived whole and was looked at.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.request) == 0 {
		if err := w.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.request)
	w.request = w.request[n:]
	return n, nil
}

func (w *wire) receive() error {
	var size [4]byte
	if _, err := io.ReadFull(w.Conn, size[:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(size[:])
	if length < 8 || length > maxRequest {
		return fmt.Errorf("a request of %d bytes", length)
	}
	request := make([]byte, 4+length)
	copy(request, size[:])
	if _, err := io.ReadFull(w.Conn, request[4:]); err != nil {
		return err
	}
	if err := w.inspect(request[4:]); err != nil {
		return err
	}
	w.request = request
	return nil
}

// inspect looks at a request without its size. An error ends the connection, as Kafka ends it for a request that it
// cannot take; a body that does not parse is left to the broker, which does the same.
func (w *wire) inspect(request []byte) error {
	in := kbin.Reader{Src: request}
	key, version, correlation := in.Int16(), in.Int16(), in.Int32()
	if err := checkVersion(key, version); err != nil {
		return err
	}
	switch kmsg.Key(key) {
	case kmsg.Fetch:
		w.await(correlation, asked{key: key, version: version})
	case kmsg.InitProducerID:
		init := &kmsg.InitProducerIDRequest{Version: version}
		in.NullableString() // the client's id
		if init.IsFlexible() {
			kmsg.SkipTags(&in)
		}
		if init.ReadFrom(in.Src) != nil {
			return nil
		}
		asked := asked{key: key, version: version, epoch: init.ProducerEpoch}
		w.epochs.judge(init, in.Src)
		w.await(correlation, asked)
	case kmsg.EndTxn:
		if version >= bumpingEndTxn {
			w.await(correlation, asked{key: key, version: version})
		}
	case kmsg.Produce:
		produce := &kmsg.ProduceRequest{Version: version}
		in.NullableString() // the client's id
		if produce.IsFlexible() {
			kmsg.SkipTags(&in)
		}
		if produce.ReadFrom(in.Src) != nil {
			return nil
		}
		stamped := w.stamp(produce)
		if produce.Acks != 0 && len(stamped) > 0 { // with acks=0 there is no response
			w.await(correlation, asked{key: key, version: version, stamped: stamped})
		}
	}
	return nil
}

// stamp changes the batches in place: the parsed request shares its memory with the bytes on their way.
func (w *wire) stamp(produce *kmsg.ProduceRequest) map[topicPartition]int64 {
	stamped := make(map[topicPartition]int64)
	now := time.Now().UnixMilli()
	for _, topic := range produce.Topics {
		if !w.topics.appendTime(topic.Topic, topic.TopicID) {
			continue
		}
		for _, partition := range topic.Partitions {
			if stamp(partition.Records, now) {
				stamped[topicPartition{topic.Topic, topic.TopicID, partition.Partition}] = now
			}
		}
	}
	return stamped
}

func (w *wire) await(correlation int32, a asked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awaiting[correlation] = a
}

func (w *wire) answered(correlation int32) (asked, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.awaiting[correlation]
	delete(w.awaiting, correlation)
	return a, ok
}

// Write sends a response; kfake writes each with one call.
func (w *wire) Write(response []byte) (int, error) {
	const header = 8 // size and correlation id
	if len(response) < header {
		return w.Conn.Write(response)
	}
	a, ok := w.answered(int32(binary.BigEndian.Uint32(response[4:])))
	if !ok {
		return w.Conn.Write(response)
	}
	switch kmsg.Key(a.key) {
	case kmsg.Fetch:
		fetched(a, response[header:])
		return w.Conn.Write(response)
	case kmsg.InitProducerID:
		w.epochs.learn(a.version, a.epoch, response[header:])
		return w.Conn.Write(response)
	case kmsg.EndTxn:
		w.epochs.learnEnd(a.version, response[header:])
		return w.Conn.Write(response)
	default:
		if _, err := w.Conn.Write(produced(a, response, header)); err != nil {
			return 0, err
		}
		return len(response), nil
	}
}

// fetched changes the batches of a fetch response in place.
func fetched(a asked, body []byte) {
	response := &kmsg.FetchResponse{Version: a.version}
	if response.IsFlexible() && len(body) > 0 {
		body = body[1:] // no tags
	}
	if response.ReadFrom(body) != nil {
		return
	}
	for _, topic := range response.Topics {
		for _, partition := range topic.Partitions {
			unstamp(partition.RecordBatches)
		}
	}
}

// produced returns a produce response that tells the times given.
func produced(a asked, whole []byte, header int) []byte {
	response := &kmsg.ProduceResponse{Version: a.version}
	if response.IsFlexible() {
		header++ // no tags
	}
	if len(whole) < header || response.ReadFrom(whole[header:]) != nil {
		return whole
	}
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			partition := &topic.Partitions[i]
			millis, ok := a.stamped[topicPartition{topic.Topic, topic.TopicID, partition.Partition}]
			if ok && partition.ErrorCode == 0 {
				partition.LogAppendTime = millis
			}
		}
	}
	changed := response.AppendTo(append([]byte(nil), whole[:header]...))
	binary.BigEndian.PutUint32(changed, uint32(len(changed)-4))
	return changed
}
