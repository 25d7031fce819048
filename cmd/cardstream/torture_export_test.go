//go:build torture

package main

// Clock is the clock that can be wrong.
var Clock = clock
