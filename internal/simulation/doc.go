// Package simulation plays whole installations of cardstream in a time of their own: processors (package processor, as
// `cardstream run` runs it), the simulated headend, a CRM, and the embedded brokers and registry, on a network in memory
// and in one testing/synctest bubble. A minute of it takes a fraction of a second, so it reaches what real time cannot:
// thousands of worlds, each with its own load and troubles.
//
//	seed ─▶ Plan ─▶ world: CRM ─▶ brokers ◀─▶ machines ◀─▶ brokers ◀─▶ headend
//	                         ▲ faults, each at its moment    │
//	                         └───────── Network, kfake       └─▶ ledger's witness ─▶ Result
//
// What a seed decides is in its [Plan]: the size of the world, how its parts are set, the load, and the faults in order.
// The same seed makes the same plan. What comes of it also depends on how goroutines that are ready at the same moment
// take turns, which is the scheduler's affair, and on the jitter of back-offs: a seed that has found something finds it
// again often, not always. docs/guarantees.md says how often.
//
// When the faults have stopped, everything must come to its end within a simulated minute. Then package ledger accounts
// for every command, as it does for a run on real brokers.
//
// What is not real here: a machine that stands still is one whose network does not move and whose clock does not answer
// (its other goroutines run); brokers come back with everything they had, at once; a transaction ends at once.
package simulation
