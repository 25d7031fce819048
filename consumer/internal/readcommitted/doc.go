// Package readcommitted takes out of what a broker returned for one partition whatever a reader of committed records
// must not see (KIP-98): the records of aborted transactions, and control batches.
//
// A broker that is asked for committed records ends its answer at the last stable offset, in front of the first record
// of any transaction still open. What lies before that it returns whole, aborted records included, with a list of the
// aborted transactions: producer id, and first offset. A producer has one transaction at a time. So a batch is to be
// dropped if it is transactional and its producer is in the list from an offset at or before it, until that producer's
// abort marker passes by; from there on the producer is innocent until its next entry in the list.
package readcommitted
