package wire

import "encoding/binary"

// AppendInt8 appends one byte.
func AppendInt8(b []byte, v int8) []byte { return append(b, byte(v)) }

// AppendBool appends one byte, 1 or 0.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendInt16 appends two bytes.
func AppendInt16(b []byte, v int16) []byte { return binary.BigEndian.AppendUint16(b, uint16(v)) }

// AppendInt32 appends four bytes. It is also how the count of an array is written.
func AppendInt32(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendInt64 appends eight bytes.
func AppendInt64(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendString appends a string of less than 32 KiB, as every name in Kafka is.
func AppendString(b []byte, s string) []byte {
	return append(AppendInt16(b, int16(len(s))), s...)
}

// AppendBytes appends bytes; nil becomes null.
func AppendBytes(b, v []byte) []byte {
	if v == nil {
		return AppendInt32(b, -1)
	}
	return append(AppendInt32(b, int32(len(v))), v...)
}

// AppendInt32s appends an array.
func AppendInt32s(b []byte, vs []int32) []byte {
	b = AppendInt32(b, int32(len(vs)))
	for _, v := range vs {
		b = AppendInt32(b, v)
	}
	return b
}

// AppendCompactCount appends the count of an array of a version with flexible fields (KIP-482).
func AppendCompactCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)+1) }

// AppendCompactString appends a string as a version with flexible fields has it.
func AppendCompactString(b []byte, s string) []byte {
	return append(AppendCompactCount(b, len(s)), s...)
}

// AppendCompactBytes appends bytes as a version with flexible fields has them.
func AppendCompactBytes(b, v []byte) []byte { return append(AppendCompactCount(b, len(v)), v...) }

// AppendCompactNull appends a string, or bytes, or an array, that is not there.
func AppendCompactNull(b []byte) []byte { return append(b, 0) }

// AppendNoTags ends a structure of a version with flexible fields that has no tagged ones.
func AppendNoTags(b []byte) []byte { return append(b, 0) }
