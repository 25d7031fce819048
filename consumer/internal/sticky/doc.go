// Package sticky divides the partitions of topics among the members of a group: evenly, and so that whoever had a
// partition keeps it, since its state stands on that member's disk.
//
// Each topic is divided by itself among the members that subscribe to it, so that none has two partitions more of it than
// another; of what does not divide evenly, those get one more who have fewest so far, so that with equal subscriptions
// the totals differ by at most one too. The result depends on nothing but the arguments: the same members, owning what
// they were given, are given the same again.
package sticky
