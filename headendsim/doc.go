// Package headendsim is a simulated headend adapter: it reads smartcard commands as a real one does, for trying cardstream
// out and for tests. It reads in a consumer group of its own, committed records only, and commits how far it has come.
package headendsim
