// Package groupwire is what the members of a group tell each other through the broker, to which it is bytes: what each
// member subscribes to and had, on joining, and what the group's leader gives to each.
//
// Both are of Kafka's own consumer protocol (ConsumerProtocolSubscription and ConsumerProtocolAssignment), so that its
// tools show who has what, and brokers see which topics are subscribed to. What a member owned, and in which generation,
// are that protocol's own fields (versions 1 and 2, KIP-429 and KIP-792). The user data of an assignment is this
// package's: the partition counts that the leader divided by, or why it could not divide.
package groupwire
