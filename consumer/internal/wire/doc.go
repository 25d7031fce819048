// Package wire reads and appends the primitive types of Kafka's protocol as its versions without flexible fields (KIP-482)
// have them: big-endian integers, strings and bytes behind their length, arrays behind their count, -1 for null. Exchange
// sends such a request over a connection and reads its response.
//
// The requests of this room that kafka-go's own messages cannot carry are written with it: a fetch whose records are not
// to be decoded, a heartbeat whose answer kafka-go misreads, and the metadata of group members, which is bytes to the
// broker.
package wire
