// Package headendsim is a simulated headend behind a simulated adapter, for trying cardstream out and for tests. It reads
// smartcard commands as a real adapter does, and answers each with a result as its [Settings] say: most by chance, those
// of some cards by the card's name.
//
// It keeps the adapter's side of docs/contract.md: it works one card in the topic's order, does not start a command after
// its respond_by, and for a request that it has already done answers again and does nothing. Every answer is decided by
// the seed, the request's number and the attempt, so a run that is repeated is answered alike.
//
//	smartcard.commands-p ──▶ desk p ──▶ what the headend makes of it, and when ──▶ backlog ──▶ smartcard.results
//	                           ▲                                                     │
//	                           └── committed: the first command not yet answered ◀───┘
//
// A desk's results and its offset are one transaction, and the offset is that of the oldest command whose answer still
// waits (docs/decisions/0035-the-simulated-headend.md). So a crash loses no answer, however late it was to come; answers
// that were given beyond that offset are given again.
package headendsim
