package main

import (
	"time"

	"cardstream/torture/faults"
)

// What the tests look at.
var (
	Parse   = parse
	Execute = execute
)

// The exit codes.
const (
	ExitNothing = exitNothing
	ExitUsage   = exitUsage
)

// Settings are those of a command line.
type Settings = settings

// Length is how long faults happen.
func (s *Settings) Length() time.Duration { return s.length }

// Kinds are those chosen.
func (s *Settings) Kinds() []faults.Kind { return s.kinds }
