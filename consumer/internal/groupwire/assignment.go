package groupwire

import (
	"fmt"
	"maps"
	"slices"

	"cardstream/internal/wire"
)

// Assignment is what the leader gives to a member.
type Assignment struct {
	Partitions map[string][]int32 // by topic
	// Counts are how many partitions each topic had when the leader divided them: the same for every member.
	Counts map[string]int32
	// Failure is why there are none, for the members to tell; empty where all is well.
	Failure string
}

const (
	assignmentVersion = 1
	userDataVersion   = 1
)

// Append appends the encoded assignment.
func (a Assignment) Append(b []byte) []byte {
	b = wire.AppendInt16(b, assignmentVersion)
	b = appendPartitions(b, a.Partitions)
	return wire.AppendBytes(b, a.userData())
}

// userData is, in order: its version, the failure, the topics with their counts.
func (a Assignment) userData() []byte {
	const longest = 1000 // bytes of a failure: a string on the wire has room for 32 KiB, and a log line should not
	b := wire.AppendInt16(nil, userDataVersion)
	b = wire.AppendString(b, a.Failure[:min(longest, len(a.Failure))])
	b = wire.AppendInt32(b, int32(len(a.Counts)))
	for _, topic := range slices.Sorted(maps.Keys(a.Counts)) {
		b = wire.AppendString(b, topic)
		b = wire.AppendInt32(b, a.Counts[topic])
	}
	return b
}

// ParseAssignment reads an assignment that a leader of this package's wrote; any other lacks the counts and is an error.
func ParseAssignment(b []byte) (Assignment, error) {
	d := wire.NewBytesDecoder(b)
	d.Int16() // the version: later ones have more behind
	a := Assignment{Partitions: partitions(d), Counts: map[string]int32{}}
	own := wire.NewBytesDecoder(d.Bytes())
	if version := own.Int16(); own.Err() == nil && version < userDataVersion {
		own.Fail(fmt.Errorf("%w: user data of version %d", wire.ErrMalformed, version))
	}
	a.Failure = own.String()
	for range own.Count(2 + 4) {
		topic := own.String()
		a.Counts[topic] = own.Int32()
	}
	d.Fail(own.Err())
	if d.Err() != nil {
		return Assignment{}, fmt.Errorf("assignment by the group's leader: %w", d.Err())
	}
	return a, nil
}
