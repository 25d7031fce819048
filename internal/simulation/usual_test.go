//go:build !race

package simulation_test

// usual is how many seeds are played unless somebody asks for more.
const usual = 300
