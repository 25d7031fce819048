package devkafka

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// kfake stores the setting message.timestamp.type and does not act on it. So it is done at the broker's door: a batch
// for a topic with LogAppendTime gets the broker's clock as its timestamps on the way in, together with a mark, and on
// the way out the mark becomes the attribute that tells a reader about it. kfake would take that attribute on the way
// in, but then stores a checksum that does not fit.

// Where things stand in a v2 record batch (KIP-98), and bits of its attributes.
const (
	batchLength     = 8
	batchMagic      = 16
	batchChecksum   = 17
	batchAttributes = 21
	batchFirstTime  = 27
	batchMaxTime    = 35
	batchOverhead   = 61

	attributeLogAppendTime = 1 << 3
	attributeControl       = 1 << 5
	attributeStamped       = 1 << 14 // ours; Kafka has no use for it
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamp gives a batch this time and the mark. It leaves alone what the broker is going to refuse, so that it does.
func stamp(batch []byte, millis int64) bool {
	if len(batch) < batchOverhead || batch[batchMagic] != 2 ||
		binary.BigEndian.Uint32(batch[batchChecksum:]) != crc32.Checksum(batch[batchAttributes:], castagnoli) {
		return false
	}
	attributes := binary.BigEndian.Uint16(batch[batchAttributes:])
	if attributes&(attributeLogAppendTime|attributeControl) != 0 {
		return false
	}
	binary.BigEndian.PutUint16(batch[batchAttributes:], attributes|attributeStamped)
	binary.BigEndian.PutUint64(batch[batchFirstTime:], uint64(millis))
	binary.BigEndian.PutUint64(batch[batchMaxTime:], uint64(millis))
	seal(batch)
	return true
}

// unstamp turns the mark of every marked batch, as they follow each other in a fetch response, into LogAppendTime. The
// last one may be cut off, and a reader drops it.
func unstamp(batches []byte) {
	for len(batches) >= batchOverhead {
		size := batchLength + 4 + int(int32(binary.BigEndian.Uint32(batches[batchLength:])))
		if size < batchOverhead || size > len(batches) {
			return
		}
		batch := batches[:size]
		batches = batches[size:]
		attributes := binary.BigEndian.Uint16(batch[batchAttributes:])
		if attributes&attributeStamped == 0 {
			continue
		}
		binary.BigEndian.PutUint16(batch[batchAttributes:], attributes&^attributeStamped|attributeLogAppendTime)
		// Compaction recomputes the largest timestamp as if the records' own differences still counted.
		copy(batch[batchMaxTime:], batch[batchFirstTime:batchFirstTime+8])
		seal(batch)
	}
}

func seal(batch []byte) {
	binary.BigEndian.PutUint32(batch[batchChecksum:], crc32.Checksum(batch[batchAttributes:], castagnoli))
}

// timestampTypes knows which topics take the broker's time. It asks the brokers each time, as the setting can change;
// but they answer only while they run, and would keep a question asked later waiting for ever.
type timestampTypes struct {
	mu    sync.RWMutex
	kafka *kfake.Cluster // nil when the brokers do not run
}

// start runs the function that brings the brokers up. Questions wait until it has returned.
func (t *timestampTypes) start(start func() (*kfake.Cluster, error)) (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kafka, err = start()
	return err
}

// stop ends the answers; it is called before the brokers are closed.
func (t *timestampTypes) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kafka = nil
}

// appendTime tells whether the topic, given by name or else by id, takes the broker's time.
func (t *timestampTypes) appendTime(topic string, id [16]byte) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.kafka == nil {
		return false
	}
	var info *kfake.TopicInfo
	if topic != "" {
		info = t.kafka.TopicInfo(topic)
	} else {
		info = t.kafka.TopicIDInfo(id)
	}
	if info == nil {
		return false
	}
	setting := info.Configs["message.timestamp.type"]
	return setting != nil && *setting == "LogAppendTime"
}
