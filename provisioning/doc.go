// Package provisioning is the domain: what a command says, which rules it must keep, what becomes of an accepted one,
// and in which order the requests of one smartcard go. It is pure: no Kafka, no Avro, no disk, and no clock of its own;
// the time is always an argument.
//
// The contract that it implements, for those outside, is docs/contract.md; the names here are the names there.
package provisioning
