package scripttest

import (
	"slices"
	"strings"
	"testing"
)

// separator stands between the input and the output of a block.
const separator = "----"

// block is a paragraph of a script. One without the separator is a remark: nothing of it runs.
type block struct {
	input  []string
	output []string
	runs   bool
}

// cut returns the block at the head of lines, and how many lines it takes.
func cut(lines []string) (block, int) {
	end := slices.Index(lines, "")
	if end < 0 {
		end = len(lines)
	}
	at := slices.Index(lines[:end], separator)
	if at < 0 {
		return block{input: lines[:end]}, end
	}
	return block{input: lines[:at], output: lines[at+1 : end], runs: true}, end
}

// run does the input line by line; a line that begins with # is a comment.
func (b block) run(t *testing.T, do Interpreter) []string {
	t.Helper()
	var got []string
	for _, line := range b.input {
		if !strings.HasPrefix(line, "#") {
			got = append(got, do(t, line)...)
		}
	}
	return got
}

// difference shows wanted and unwanted lines, each once, and those that both have in common.
func difference(want, got []string) string {
	var s strings.Builder
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(want) > 0 && len(got) > 0 && want[0] == got[0]:
			s.WriteString("  " + got[0] + "\n")
			want, got = want[1:], got[1:]
		case len(want) > 0 && !slices.Contains(got, want[0]):
			s.WriteString("- " + want[0] + "\n")
			want = want[1:]
		case len(got) > 0:
			s.WriteString("+ " + got[0] + "\n")
			got = got[1:]
		default:
			s.WriteString("- " + want[0] + "\n")
			want = want[1:]
		}
	}
	return s.String()
}
