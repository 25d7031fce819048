// Package examples holds files to try cardstream with: commands.jsonl, a thousand commands of every kind;
// lifecycle.jsonl, a few that between them make everything happen that can happen to a request; and broken.jsonl, lines
// that are no commands with a few good ones between them. The first and the last are generated, always the same.
//
//	go run ./cmd/cardstream dev --once examples/commands.jsonl
//	go run ./cmd/cardstream dev --once examples/lifecycle.jsonl --headend-timeout 1s
package examples

import _ "embed" // for the files

//go:generate go run ./internal/generate

//go:embed commands.jsonl
var commands []byte

//go:embed lifecycle.jsonl
var lifecycle []byte

//go:embed broken.jsonl
var broken []byte

// Commands returns commands.jsonl. The caller may not change it.
func Commands() []byte { return commands }

// Lifecycle returns lifecycle.jsonl. Its commands are named for what becomes of them; the serial numbers of their cards
// tell the simulated headend how to answer. The caller may not change it.
func Lifecycle() []byte { return lifecycle }

// Broken returns broken.jsonl. The caller may not change it.
func Broken() []byte { return broken }
