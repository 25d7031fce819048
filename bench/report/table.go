package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// column is a value in a table: its heading, with the unit, and what a shown unit is of the kept one.
type column struct {
	heading string
	value   string
	per     float64 // the value is divided by it; 0: it is not
}

// table writes Markdown: a row per subject and x, with the medians and, where there was more than one round, the least and
// the largest in parentheses. Without an x heading there is no such column.
func table(f *File, x string, columns []column) string {
	var b strings.Builder
	headings, rule := []string{"subject"}, []string{"---"}
	if x != "" {
		headings, rule = append(headings, x), append(rule, "---:")
	}
	for _, c := range columns {
		headings, rule = append(headings, c.heading), append(rule, "---:")
	}
	row(&b, headings)
	row(&b, rule)
	for _, at := range f.Xs() {
		for _, subject := range f.Subjects() {
			cells := []string{subject}
			if x != "" {
				cells = append(cells, grouped(at))
			}
			filled := false
			for _, c := range columns {
				text, there := cell(f, subject, at, c)
				cells, filled = append(cells, text), filled || there
			}
			if filled {
				row(&b, cells)
			}
		}
	}
	return b.String()
}

func row(b *strings.Builder, cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }

func cell(f *File, subject string, x float64, c column) (string, bool) {
	median, there := f.Median(subject, x, c.value)
	if !there {
		return "–", false
	}
	text := Number(c.shown(median))
	if values := f.Values(subject, x, c.value); len(values) > 1 {
		text += fmt.Sprintf(" (%s–%s)", Number(c.shown(values[0])), Number(c.shown(values[len(values)-1])))
	}
	return text, true
}

// shown is a kept value in the unit that is shown.
func (c column) shown(value float64) float64 {
	if c.per == 0 {
		return value
	}
	return value / c.per
}

// Number writes a number with three digits that count, whole ones as they are, and thousands apart.
func Number(n float64) string {
	size := math.Abs(n)
	switch {
	case size >= 100, size == math.Trunc(size):
		return grouped(n)
	case size >= 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(n, 'f', 2, 64)
	}
	return strconv.FormatFloat(n, 'f', 3, 64)
}

// grouped writes a whole number, 1,234,567.
func grouped(n float64) string {
	text := strconv.FormatFloat(math.Abs(math.Round(n)), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if n < 0 {
		return "-" + text
	}
	return text
}
