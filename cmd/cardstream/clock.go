//go:build !torture

package main

import "time"

// clock is this process's clock: what the steps of its partitions go by.
func clock() time.Time { return time.Now() }
