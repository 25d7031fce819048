//go:build race

package simulation_test

// usual is less under the race detector, which is some ten times as slow.
const usual = 20
