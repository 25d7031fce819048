package groupwire

import (
	"fmt"
	"maps"
	"slices"

	"cardstream/internal/wire"
)

// NoGeneration is the generation of a member that was never given anything.
const NoGeneration = -1

// Subscription is what a member says when it joins.
type Subscription struct {
	Topics     []string
	Owned      map[string][]int32 // partitions by topic
	Generation int32              // in which it was given them
}

const subscriptionVersion = 2

// Append appends the encoded subscription.
func (s Subscription) Append(b []byte) []byte {
	b = wire.AppendInt16(b, subscriptionVersion)
	b = wire.AppendInt32(b, int32(len(s.Topics)))
	for _, topic := range s.Topics {
		b = wire.AppendString(b, topic)
	}
	b = wire.AppendBytes(b, nil) // user data
	b = appendPartitions(b, s.Owned)
	return wire.AppendInt32(b, s.Generation)
}

// ParseSubscription reads a subscription of any version: what an older one lacks has its default, and what a newer one
// has behind it is not read.
func ParseSubscription(b []byte) (Subscription, error) {
	d := wire.NewBytesDecoder(b)
	s := Subscription{Generation: NoGeneration}
	version := d.Int16()
	for range d.Count(2) {
		s.Topics = append(s.Topics, d.String())
	}
	d.Bytes() // user data
	if version >= 1 {
		s.Owned = partitions(d)
	}
	if version >= 2 {
		s.Generation = d.Int32()
	}
	if version < 0 {
		d.Fail(fmt.Errorf("%w: version %d", wire.ErrMalformed, version))
	}
	if d.Err() != nil {
		return Subscription{}, fmt.Errorf("subscription of a group member: %w", d.Err())
	}
	return s, nil
}

// appendPartitions writes topics in their order, so that equal partitions become equal bytes: a broker that sees a
// member's bytes change makes the whole group rebalance.
func appendPartitions(b []byte, partitions map[string][]int32) []byte {
	b = wire.AppendInt32(b, int32(len(partitions)))
	for _, topic := range slices.Sorted(maps.Keys(partitions)) {
		b = wire.AppendString(b, topic)
		b = wire.AppendInt32s(b, partitions[topic])
	}
	return b
}

func partitions(d *wire.Decoder) map[string][]int32 {
	read := map[string][]int32{}
	for range d.Count(2 + 4) {
		topic := d.String()
		read[topic] = append(read[topic], d.Int32s()...)
	}
	return read
}
