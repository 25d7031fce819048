// Package wire reads and appends the primitive types of Kafka's protocol: big-endian integers, strings and bytes behind
// their length, arrays behind their count, -1 for null; and the compact ones of versions with flexible fields (KIP-482).
// Exchange sends a request over a connection and returns its response to be read; Ask reads it, too.
//
// The requests that kafka-go's own messages cannot carry are written with it: a fetch whose records are not to be
// decoded, a heartbeat whose answer kafka-go misreads, transactions of version 2, their description and the cluster's
// features, which kafka-go does not know, and the metadata of group members, which is bytes to the broker.
package wire
