// Package cluster is what both directions share of talking to Kafka: connections, TLS and SASL, who leads a partition,
// who coordinates a group or a transactional id, and what an error means for whoever met it.
//
// It stands on kafka-go's protocol layer and not on its Transport, for three reasons. A request goes straight to a
// named broker, so a coordinator is looked up once and not before every request. Every request has a deadline, and a
// context that ends closes the connection, so no caller is ever held by a broker that stands still. And nothing is
// retried here: a caller sees each failure, because only it knows whether a second attempt can do harm.
//
//	client, err := cluster.Open(cluster.Config{Brokers: []string{"127.0.0.1:9092"}})
//	...
//	defer client.Close()
//	leader, err := client.Leader(ctx, record.TopicPartition{Topic: "provisioning.commands", Partition: 3})
//	answer, err := client.RoundTrip(ctx, leader, request)
//
// # Errors
//
// An answer of a broker carries its error codes inside; ErrorOf makes an Error of one. A request that got no answer is
// a *ConnError. KindOf tells for both what to do next, from one table in which every choice stands with its reason.
//
// # Versions
//
// A request goes out in the highest version that both kafka-go and the broker know. Where there is none the request
// fails with UnsupportedVersion before anything is sent. A test holds what goes out against what Kafka 4 accepts.
package cluster
