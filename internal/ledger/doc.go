// Package ledger is the independent witness of a cardstream run: it writes commands, reads every topic as committed,
// and accounts for each command, so that "exactly once" is something to be seen and not to be believed.
//
// It is a judge, and so shares nothing with what it judges. It reads and writes with franz-go, another Kafka client; it
// decodes with goavro and whatever schema the registry names; and it states the contract's rules once more, in
// rules.go, instead of importing them. A mistake made twice in the same way is the one that it cannot see.
//
//	Feeder ──▶ provisioning.commands ──▶ cardstream ──▶ requests, state, smartcard.commands, events, dead letters
//	                    │                                                  │
//	                    └────────────────────▶ Witness ◀───────────────────┘
//	                                              │
//	                                           Audit ──▶ Report
//
// The Witness keeps a compact fact of each record in the line of its key (a line is everything that was said about one
// smartcard), and the audit walks the lines one by one. What a command demands is worked out from the command as it
// stands in the topic, so any run can be audited, whoever wrote its commands. About 900 bytes are kept for a command.
//
// The witness begins at the end of the topics and takes everything behind it for this run's: open it before the first
// command, on topics where nothing is under way.
package ledger
