// Package report keeps what was measured, as JSON, and makes of it tables and plots for people: bench/RESULTS.md can be
// made again from the raw figures at any time.
package report
