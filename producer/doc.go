// Package producer is how records go out: as Kafka transactions together with input offsets, which is what exactly once
// rests on, or plainly for tools that have no input.
//
// # Transactions
//
// A Transactional belongs to one task and has its transactional id. Init makes this process the id's only owner: it
// fences whoever had it before and aborts what that one left open. Commit then writes a step's records and its input
// offsets, both or neither:
//
//	InitProducerID ─▶ Produce to every leader ─▶ TxnOffsetCommit ─▶ EndTxn ─┐
//	      ▲                      ▲                                          │
//	      └── after any failure  └────────────── the next step ◀────────────┘
//
// Where the cluster takes no transactions of version 2 (joining.go), partitions and group are announced before:
//
//	InitProducerID ─▶ AddPartitionsToTxn ─▶ Produce to every leader ──────────┐
//	                                     └▶ AddOffsetsToTxn ─▶ TxnOffsetCommit ┴▶ EndTxn
//
// There is no abort after a failure, and no repair: whoever wants to go on calls Init again, which aborts, and starts
// from the log. What can simply be sent again is (the same batch with the same sequence number, which the broker
// recognises), until the context ends.
//
// # What is never assumed
//
// An EndTxn without a clear answer leaves the outcome unknown (ErrOutcomeUnknown): the records may be visible or not.
// And a request that got no answer may still be on its way: it could reach the coordinator when a later transaction of
// the same epoch is open, and end that one too early, or put old offsets into it. So after a transaction in which a
// coordinator left any request unanswered, the next one begins with an epoch of its own (KIP-360), which makes the
// brokers refuse such a straggler. In version 2 every transaction has one (KIP-890); a new one is taken all the same,
// behind which what a coordinator may have forgotten is settled (leftovers.go).
package producer
