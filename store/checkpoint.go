package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"cardstream/provisioning"
)

// Checkpoint says to which point of which changelog a partition's rows correspond.
type Checkpoint struct {
	ClusterID  string                 // of the Kafka cluster
	TopicID    string                 // of the state topic: another one of the same name is another changelog
	Position   int64                  // next offset of the changelog to replay
	CaughtUpAt provisioning.Timestamp // when the rows were last known to be as new as the changelog
	Silence    int64                  // provisioning.Request.Silence of the last record before Position
}

// restoring says whether a restore began that has not finished, and upon what.
type restoring byte

const (
	notRestoring   restoring = iota
	restoreOnRows            // upon rows of an earlier life
	restoreOnEmpty           // upon nothing: every row was written by the restore itself
)

// meta is what a partition knows about itself. It is written with every change, in the same batch.
type meta struct {
	checkpoint    Checkpoint
	hasCheckpoint bool
	restoring     restoring
	maxNumber     int64 // the largest number ever put here: a larger one needs no look-up to be known as new
	counts        Counts
}

// emptyMeta is that of a partition without a row.
func emptyMeta() meta {
	m := meta{maxNumber: firstNumber}
	m.counts.MaxUpdatedAt = firstTime
	return m
}

// metaVersion is the first byte of an encoded meta. Rows of another version are of another layout.
const metaVersion = 3

// errEarlier says that rows are of an earlier layout.
var errEarlier = errors.New("rows of an earlier layout")

// append encodes m: version, restoring, hasCheckpoint, fixed numbers, two strings with their lengths.
func (m *meta) append(dst []byte) []byte {
	dst = append(dst, metaVersion, byte(m.restoring), 0)
	if m.hasCheckpoint {
		dst[len(dst)-1] = 1
	}
	for _, n := range m.numbers() {
		dst = binary.BigEndian.AppendUint64(dst, uint64(*n))
	}
	for _, s := range []string{m.checkpoint.ClusterID, m.checkpoint.TopicID} {
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(s))), s...)
	}
	return dst
}

// numbers are all numbers of m in the order in which they stand on disk.
func (m *meta) numbers() []*int64 {
	fields := m.counts.fields()
	return append(fields[:], (*int64)(&m.counts.MaxUpdatedAt), &m.maxNumber,
		&m.checkpoint.Position, (*int64)(&m.checkpoint.CaughtUpAt), &m.checkpoint.Silence)
}

// parseMeta is the reverse of append.
func parseMeta(b []byte) (meta, error) {
	var m meta
	if len(b) > 0 && b[0] < metaVersion {
		return m, errEarlier
	}
	if len(b) < 3 || b[0] != metaVersion || b[1] > byte(restoreOnEmpty) || b[2] > 1 {
		return m, fmt.Errorf("%w: a checkpoint of another version", ErrCorrupt)
	}
	m.restoring, m.hasCheckpoint = restoring(b[1]), b[2] == 1
	b = b[3:]
	for _, n := range m.numbers() {
		if len(b) < 8 {
			return m, fmt.Errorf("%w: a checkpoint is cut off", ErrCorrupt)
		}
		*n, b = int64(binary.BigEndian.Uint64(b)), b[8:]
	}
	for _, s := range []*string{&m.checkpoint.ClusterID, &m.checkpoint.TopicID} {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return m, fmt.Errorf("%w: a checkpoint is cut off", ErrCorrupt)
		}
		end := 4 + int(binary.BigEndian.Uint32(b))
		*s, b = string(b[4:end]), b[end:]
	}
	if len(b) != 0 {
		return m, fmt.Errorf("%w: a checkpoint has a tail", ErrCorrupt)
	}
	return m, nil
}
