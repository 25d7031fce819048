package recordbatch

import "strconv"

// Codec says how a batch's records are compressed: the lowest three bits of its attributes. [Append] writes None, LZ4
// and Zstd; all five are read.
type Codec int8

// The codecs, numbered as on the wire.
const (
	None   Codec = 0
	Gzip   Codec = 1
	Snappy Codec = 2
	LZ4    Codec = 3
	Zstd   Codec = 4
)

// String returns the codec's name as Kafka's setting compression.type has it.
func (c Codec) String() string {
	switch c {
	case None:
		return "none"
	case Gzip:
		return "gzip"
	case Snappy:
		return "snappy"
	case LZ4:
		return "lz4"
	case Zstd:
		return "zstd"
	}
	return "codec " + strconv.Itoa(int(c))
}
