package recordbatch

import "hash/crc32"

// Overhead is the bytes of a batch in front of its records.
const Overhead = 61

// NoProducer stands for "none" in a batch's producer id, producer epoch and base sequence.
const NoProducer = -1

// Where the fields of a batch begin; see the package's documentation.
const (
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atChecksum        = 17
	atAttributes      = 21
	atLastOffsetDelta = 23
	atBaseTimestamp   = 27
	atMaxTimestamp    = 35
	atProducerID      = 43
	atProducerEpoch   = 51
	atBaseSequence    = 53
	atCount           = 57

	lengthEnd = atLength + 4 // from here the length counts
)

const magic = 2

const (
	codecBits        = 0b111
	logAppendTimeBit = 1 << 3
	transactionalBit = 1 << 4
	controlBit       = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the CRC-32C of a whole batch.
func checksum(batch []byte) uint32 {
	return crc32.Checksum(batch[atAttributes:], castagnoli)
}
