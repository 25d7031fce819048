// Package processor puts the stages of one process together: it asks brokers and registry for what they need, checks the
// topics, makes the stages, runs them, and lets them drain.
//
//	                 ┌─ intake ───── handlers.Intake ──┐
//	Config ─ prepare ┼─ dispatch ─── handlers.Dispatch ┼─▶ stream.Stage on one client, one fetcher
//	                 │    └ store, control             │
//	                 └─ gateway ───────────────────────┘
//
// `cardstream run` and `cardstream dev` run it with what their flags say; the simulation runs the same with a clock, a
// disk and a network of its own. What a stage does stands in its own room.
package processor
