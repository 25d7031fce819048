package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"cardstream/provisioning"
)

// What stands behind the partition in a key; the kinds of places (Parked, …) are the rest. doc.go has the layout.
const (
	keyMeta   = 0x01
	keyNumber = 0x20
	keyCard   = 0x30
	keyUrgent = 0x31
)

// Lengths in bytes.
const (
	prefixLength  = 4 + 1                // partition, kind
	valueLength   = prefixLength + 8 + 8 // time, number
	commandDigest = 16
)

// The bytes that end a card in a key, and that stand for a zero byte within one. A terminator is less than an escaped
// zero, so that keys order as their cards do.
const (
	escape     = 0x00
	terminator = 0x01
	zeroByte   = 0xff
)

// What stands behind the card in a keyCard: where a request stands in the card's line by its state, or a command.
const (
	rankSent    = 0x00
	rankWaiting = 0x01
	rankCommand = 0x02
)

// appendPrefix appends the partition and the kind of a key.
func appendPrefix(dst []byte, partition int32, kind byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(partition)), kind)
}

// appendInt appends n so that bytes order as numbers do.
func appendInt(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(n)^(1<<63))
}

// readInt is the reverse of appendInt on the first eight bytes of b.
func readInt(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ (1 << 63)) }

// metaKey is the key of the partition's checkpoint and counts.
func metaKey(dst []byte, partition int32) []byte { return appendPrefix(dst, partition, keyMeta) }

// valueKey is the key of a request's value.
func valueKey(dst []byte, partition int32, p position) []byte {
	dst = appendPrefix(dst, partition, byte(p.place.Kind))
	return appendInt(appendInt(dst, int64(p.place.At)), p.number)
}

// parseValueKey is the reverse of valueKey.
func parseValueKey(key []byte) (position, bool) {
	if len(key) != valueLength || !Kind(key[4]).valid() {
		return position{}, false
	}
	place := Place{Kind: Kind(key[4]), At: provisioning.Timestamp(readInt(key[prefixLength:]))}
	return position{place: place, number: readInt(key[prefixLength+8:])}, true
}

// numberKey is the key of a number's place.
func numberKey(dst []byte, partition int32, number int64) []byte {
	return appendInt(appendPrefix(dst, partition, keyNumber), number)
}

// appendPlace appends a place as the value of a numberKey.
func appendPlace(dst []byte, p Place) []byte {
	return appendInt(append(dst, byte(p.Kind)), int64(p.At))
}

// parsePlace is the reverse of appendPlace.
func parsePlace(b []byte) (Place, bool) {
	if len(b) != 9 || !Kind(b[0]).valid() {
		return Place{}, false
	}
	return Place{Kind: Kind(b[0]), At: provisioning.Timestamp(readInt(b[1:]))}, true
}

// aboutCard reports whether a key is one about a card, of those that begin with a cardKey.
func aboutCard(key []byte) bool {
	return len(key) > prefixLength && (key[4] == keyCard || key[4] == keyUrgent)
}

// cardKey is what all keys of that kind about a card begin with: the prefix of comparer's Split.
func cardKey(dst []byte, partition int32, kind byte, card provisioning.SmartcardKey) []byte {
	dst = appendPrefix(dst, partition, kind)
	for i := range len(card) {
		dst = append(dst, card[i])
		if card[i] == escape {
			dst = append(dst, zeroByte)
		}
	}
	return append(dst, escape, terminator)
}

// cardLength returns the length of the card's part of a key, from the partition to the terminator, or the key's length
// where there is no terminator.
func cardLength(key []byte) int {
	for i := prefixLength; i < len(key); i += 2 {
		zero := bytes.IndexByte(key[i:], escape)
		if zero < 0 {
			return len(key)
		}
		i += zero
		if i+1 < len(key) && key[i+1] == terminator {
			return i + 2
		}
	}
	return len(key)
}

// appendLinePosition appends where in its card's line an entry stands.
func appendLinePosition(dst []byte, e LineEntry) []byte {
	rank := byte(rankWaiting)
	if e.Sent {
		rank = rankSent
	}
	return appendInt(appendInt(append(dst, rank), int64(e.DueAt)), e.Number)
}

// parseLinePosition is the reverse of appendLinePosition.
func parseLinePosition(b []byte) (LineEntry, bool) {
	if len(b) != 1+8+8 || b[0] > rankWaiting {
		return LineEntry{}, false
	}
	due := provisioning.Timestamp(readInt(b[1:]))
	return LineEntry{Number: readInt(b[9:]), Sent: b[0] == rankSent, DueAt: due}, true
}

// inLine reports whether what stands behind a card in a key is about its line. Commands stand behind the line.
func inLine(b []byte) bool { return len(b) == 0 || b[0] < rankCommand }

// lineKey is the key of an entry of a card's line.
func lineKey(dst []byte, partition int32, card provisioning.SmartcardKey, e LineEntry) []byte {
	return appendLinePosition(cardKey(dst, partition, keyCard, card), e)
}

// urgentKey is the key that says that this immediate request waits in its card's line.
func urgentKey(dst []byte, partition int32, card provisioning.SmartcardKey, number int64) []byte {
	return appendInt(cardKey(dst, partition, keyUrgent, card), number)
}

// commandKey is the key of a command's request. Source and id are as long as their sender likes, and are looked up only
// as a whole: so a digest stands for them, of which nobody can find two texts. It stands behind the card's line, so that
// one look answers both questions about a card that has neither.
func commandKey(
	dst []byte, partition int32, card provisioning.SmartcardKey, source, commandID string,
) []byte {
	var buffer [256]byte
	text := buffer[:0]
	for _, s := range [...]string{source, commandID} {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(s))), s...)
	}
	sum := sha256.Sum256(text)
	return append(append(cardKey(dst, partition, keyCard, card), rankCommand), sum[:commandDigest]...)
}

// partitionBounds are the first key of a partition, and the first behind it.
func partitionBounds(partition int32) (lower, upper []byte) {
	lower = binary.BigEndian.AppendUint32(nil, uint32(partition))
	return lower, binary.BigEndian.AppendUint32(nil, uint32(partition)+1)
}

// The ends of time and numbers, for the ends of scans.
const (
	firstTime   = provisioning.Timestamp(math.MinInt64)
	lastTime    = provisioning.Timestamp(math.MaxInt64)
	firstNumber = int64(math.MinInt64)
	lastNumber  = int64(math.MaxInt64)
)
