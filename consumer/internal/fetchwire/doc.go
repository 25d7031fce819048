// Package fetchwire is the Fetch request, version 11 (KIP-392), and its response, written by hand on a connection of
// kafka-go's protocol package.
//
// By hand because kafka-go's own decodes the records as it reads them: slowly, without the batches' last offsets, and
// swallowing errors behind the first good batch. Here the batches of each partition come as the bytes they are, read
// straight from the connection into a slice of their own: nothing is copied, and no partition's records keep another's
// in memory. Version 11 because it is the newest that both kafka-go negotiates and every Kafka since 2.3 takes (Kafka 4
// takes 4 and newer), and the newest without flexible fields.
//
// Requests are without fetch session (KIP-227): which partitions take part changes with every request here, as full
// ones are left out, and a session would save a few hundred bytes a request.
package fetchwire
