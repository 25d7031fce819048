// Package examples holds files to try cardstream with: commands.jsonl, a thousand commands of every kind, and
// broken.jsonl, lines that are no commands with a few good ones between them. Both are generated, always the same.
//
//	go run ./cmd/cardstream dev --once examples/commands.jsonl
package examples

import _ "embed" // for the files

//go:generate go run ./internal/generate

//go:embed commands.jsonl
var commands []byte

//go:embed broken.jsonl
var broken []byte

// Commands returns commands.jsonl. The caller may not change it.
func Commands() []byte { return commands }

// Broken returns broken.jsonl. The caller may not change it.
func Broken() []byte { return broken }
