// Command generate writes the example files into the current folder; go generate runs it in examples.
package main

import (
	"fmt"
	"os"

	"cardstream/examples/internal/sample"
)

func main() {
	for name, content := range map[string][]byte{"commands.jsonl": sample.Commands(), "broken.jsonl": sample.Broken()} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
