// Package consumer is how records come in: which partitions are this process's (Group), and what stands in them
// (Fetcher). The two know nothing of each other; whoever uses both starts a Partition for each that is assigned.
//
// # Fetching
//
// A Fetcher reads any number of partitions, each from an offset on, and hands out committed records only:
//
//	fetcher := consumer.NewFetcher(client, consumer.FetcherConfig{})
//	go fetcher.Run(ctx) // owned by whoever waits for it
//	partition := fetcher.Add(tp, offset)
//	defer partition.Close()
//	for {
//		select {
//		case <-partition.Ready():
//			records, next, err := partition.Take(500, 1<<20)
//			…
//		case <-ctx.Done():
//			…
//		}
//	}
//
// What it guarantees: records of a partition come in the order of their offsets, each once, none left out that is
// committed and not compacted away; nothing of an aborted transaction and no control record ever. The position moves on
// over what is not handed out, so that committing it keeps pace with the log's end. An offset that the broker no longer
// has, or does not have yet, is an error and never a reset.
//
// Brokers that are away, leaders that move and elections are waited out; errors that time does not heal go to the one
// partition they are about.
//
// # Membership
//
// A Group is one member of a consumer group with the classic protocol. It keeps the member alive, takes part in every
// rebalance at once, and tells its owner of each new assignment. It stops nobody's work while the group rebalances:
// correctness rests on the fencing of transactional producers, and membership only decides who tries. See Group.
package consumer
