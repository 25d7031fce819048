// Package meter measures a running processor from outside, with a Kafka client of its own: how long a command takes to its
// smartcard command, how late scheduled ones are, how fast a load is worked off. A smartcard command counts when it can
// be read as committed. Nothing here knows who the processor is: whoever reads provisioning.commands and writes
// smartcard.commands can be measured.
//
// Every command is about a card of its own, so a smartcard command's key says which command it came of. Loads are open:
// command i is written at its moment, whether or not those before it are worked off, and is timed from that moment as well
// as from its append, so that a feeder held up by the brokers hides nothing (no coordinated omission).
package meter
