package report

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// settings are the command lines of each subject: one, unless it was given others in other measures.
type settings map[string][]setting

type setting struct {
	line     string // as it was in the first of the measures
	measures []string
}

// ofRun is what differs in every run: names of topics and folders, and ports.
var ofRun = regexp.MustCompile(`bench-[a-z0-9]+-[a-z]+-|:\d{4,5}\b|-port \d+`)

func (s settings) add(measure string, lines map[string]string) {
	for subject, line := range lines {
		at := slices.IndexFunc(s[subject], func(known setting) bool {
			return ofRun.ReplaceAllString(known.line, "") == ofRun.ReplaceAllString(line, "")
		})
		if at < 0 {
			at = len(s[subject])
			s[subject] = append(s[subject], setting{line: line})
		}
		s[subject][at].measures = append(s[subject][at].measures, measure)
	}
}

func (s settings) write(b *strings.Builder) {
	for _, subject := range slices.Sorted(maps.Keys(s)) {
		for _, told := range s[subject] {
			where := ""
			if len(s[subject]) > 1 {
				where = ", in " + strings.Join(told.measures, ", ")
			}
			fmt.Fprintf(b, "\n%s%s:\n\n    %s\n", subject, where, told.line)
		}
	}
}
