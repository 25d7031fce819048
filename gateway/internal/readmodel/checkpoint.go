package readmodel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// Identity says which topic the model is a copy of. Another cluster or another topic of the same name is another one.
type Identity struct {
	ClusterID string
	TopicID   string
	// MaxAge is how long a copy may go without being as new as the topic: longer than that, and a deletion may have been
	// compacted away before it was read.
	MaxAge time.Duration
}

// Checkpoint says to which point of a partition the rows correspond.
type Checkpoint struct {
	Position   int64                  // next offset to read
	CaughtUpAt provisioning.Timestamp // when it was last as new as the topic
}

func (c Checkpoint) encoded() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(c.Position))
	return binary.BigEndian.AppendUint64(b, uint64(c.CaughtUpAt))
}

// metaVersion is the first byte of meta. Rows of another version are of another layout.
const metaVersion = 1

func (i Identity) encoded() []byte {
	b := append([]byte{metaVersion}, i.ClusterID...)
	return append(append(b, 0), i.TopicID...)
}

// Begin returns from where each partition is to be read on. What is a copy of something else, or too old, is wiped.
func (m *Model) Begin(i Identity, partitions int32, now provisioning.Timestamp) ([]Checkpoint, error) {
	meta, err := m.get([]byte{keyMeta})
	if err != nil {
		return nil, err
	}
	why := ""
	if string(meta) != string(i.encoded()) {
		why = "it is a copy of another topic"
	}
	checkpoints := make([]Checkpoint, partitions)
	for p := range checkpoints {
		value, err := m.get(partitionKey(int32(p)))
		if err != nil {
			return nil, err
		}
		if len(value) != 16 {
			continue
		}
		c := Checkpoint{int64(binary.BigEndian.Uint64(value)), provisioning.Timestamp(binary.BigEndian.Uint64(value[8:]))}
		if c.Position > 0 && now.Sub(c.CaughtUpAt) > i.MaxAge {
			why = "it is too old: what was forgotten meanwhile may no longer be told"
		}
		checkpoints[p] = c
	}
	if why == "" {
		return checkpoints, nil
	}
	if meta != nil {
		m.Logger.Info("the read model is filled anew", "because", why)
	}
	return make([]Checkpoint, partitions), m.wipe(i)
}

// Wipe forgets everything: the topic is no longer what was copied.
func (m *Model) Wipe() error { return m.wipe(Identity{}) }

// wipe removes all rows, and notes whose copy the next ones are.
func (m *Model) wipe(i Identity) error {
	batch := m.db.NewBatch()
	defer func() { _ = batch.Close() }()
	err := errors.Join(
		batch.DeleteRange([]byte{keyMeta}, []byte{keyEnd}, nil),
		batch.Set([]byte{keyMeta}, i.encoded(), nil),
		batch.Commit(pebble.NoSync))
	if err != nil {
		return fmt.Errorf("wipe read model: %w", err)
	}
	return nil
}

// get returns a copy of a key's value; nil where there is none.
func (m *Model) get(key []byte) ([]byte, error) { return getFrom(m.db, key) }

func getFrom(reader pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := reader.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	defer func() { _ = closer.Close() }()
	return append(make([]byte, 0, len(value)), value...), nil
}
