// Package recordbatch encodes and decodes Kafka's record batches, format v2 (magic 2, KIP-98), the only one that
// Kafka 4 stores. It does no I/O: what it appends goes into a produce request, what it reads was a fetch response.
//
// [Append] writes one batch for one partition. [Next] walks over all batches that a fetch returned for one partition,
// and [Batch.Records] reads one's records; the example shows the loop. What is to be fetched next is behind a batch's
// last offset, not behind its last record: compaction may have taken the tail away.
//
// # Layout
//
// All integers are big-endian. The checksum covers everything behind itself, so that a broker may set the fields in
// front of it without computing it anew.
//
//	 0  base offset            int64   0 when produced
//	 8  length                 int32   bytes behind this field
//	12  leader epoch           int32   -1 when produced
//	16  magic                  int8    2; magic 0 and 1 have theirs at the same place
//	17  checksum               uint32  CRC-32C
//	21  attributes             int16   0-2 codec, 3 log-append time, 4 transactional, 5 control, 6 delete horizon
//	23  last offset delta      int32   of the batch as produced, also where compaction has taken records away
//	27  base timestamp         int64   ms; with attribute 6 the delete horizon, which deltas then count from
//	35  max timestamp          int64   ms; with attribute 3 the time of every record
//	43  producer id            int64   -1 without
//	51  producer epoch         int16   -1 without
//	53  base sequence          int32   -1 without
//	57  count of records       int32
//	61  records                        all of them compressed as one, where there is a codec
//
// A record, its integers zigzag varints, a length of -1 being null:
//
//	length, attributes (one byte, unused), timestamp delta, offset delta,
//	key length, key, value length, value, count of headers, {key length, key, value length, value}
//
// # What is trusted
//
// Nothing. A batch may come from a mistaken or hostile writer: whatever the bytes, reading them ends in records or in
// an error, never in a panic, and takes no more than [MaxMemory] on top of the bytes themselves. What Kafka's own
// broker and Java client accept is accepted (a negative length of any size is null), what they refuse is refused (bytes
// left over, offsets that do not rise).
package recordbatch
