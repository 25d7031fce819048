package schemas

import (
	"encoding/binary"
	"math"
)

// SchemaID is a schema's number in the registry. A Confluent registry counts in positive int32.
type SchemaID uint32

// headerLength is the length of the wire format's header: the magic byte and the schema id.
const headerLength = 5

// AppendHeader appends the header of the Confluent wire format.
func AppendHeader(dst []byte, id SchemaID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(id))
}

// SplitHeader returns the id of the schema that a value was written with, and its body, which shares the value's
// memory. A value without a header is an [*Error] with NotWireFormat.
func SplitHeader(value []byte) (SchemaID, []byte, error) {
	switch {
	case value == nil:
		return 0, nil, errorf(NotWireFormat, "the value is null")
	case len(value) < headerLength:
		return 0, nil, errorf(NotWireFormat, "%d bytes are too few for the header of %d", len(value), headerLength)
	case value[0] != 0:
		return 0, nil, errorf(NotWireFormat, "the first byte is not zero")
	}
	return SchemaID(binary.BigEndian.Uint32(value[1:])), value[headerLength:], nil
}

// possible reports whether a registry can have given that id. Some answer a larger one like a path that does not exist,
// which is not to be told from a wrong address: so it is never asked.
func (id SchemaID) possible() bool { return id <= math.MaxInt32 }
