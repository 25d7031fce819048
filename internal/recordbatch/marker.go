package recordbatch

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// MarkerKind says how a transaction ended. A kind that is none of those named here is not about a transaction (Raft
// writes such), and readers pass over it.
type MarkerKind int16

// The kinds of markers, numbered as on the wire.
const (
	NoMarker MarkerKind = -1 // compaction has taken the marker away and left the batch
	Abort    MarkerKind = 0
	Commit   MarkerKind = 1
)

// String returns the marker's name.
func (k MarkerKind) String() string {
	switch k {
	case NoMarker:
		return "none"
	case Abort:
		return "abort"
	case Commit:
		return "commit"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Marker returns what a control batch says of the transaction of its producer id. Only the batch's first record counts,
// there is no other. Errors are ErrNotControl, and those of Records.
func (b *Batch) Marker() (MarkerKind, error) {
	if !b.Control {
		return NoMarker, fmt.Errorf("batch at offset %d: %w", b.BaseOffset, ErrNotControl)
	}
	records, err := b.Records(nil, "", 0)
	if err != nil {
		return NoMarker, err
	}
	if len(records) == 0 {
		return NoMarker, nil
	}
	const keySize = 4 // int16 version, int16 kind; a newer version may have more behind
	key := records[0].Key
	if len(key) < keySize {
		return NoMarker, fmt.Errorf("batch at offset %d: %w", b.BaseOffset, corrupt("a marker's key of %d bytes", len(key)))
	}
	return MarkerKind(binary.BigEndian.Uint16(key[2:])), nil
}
