package report

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The measures.
const (
	Load     = "load"
	Latency  = "latency"
	Lateness = "lateness"
	Backlog  = "backlog"
	Audit    = "audit"
)

// Measures are all of them, in the order in which they are told.
var Measures = []string{Audit, Load, Latency, Lateness, Backlog}

// section is how a measure is told.
type section struct {
	measure string
	title   string
	text    string
	x       string // heading of what was varied; nothing where nothing was
	columns []column
	plots   []drawing
}

// drawing is a plot of some of a measure's values against what was varied.
type drawing struct {
	file, title, x, y string
	values            []column // a line each, per subject; of one alone the heading is left out
}

const mib = 1 << 20

var sections = []section{
	{
		measure: Audit, title: "Do they do the same job?",
		text: "The ledger, the independent witness, accounts for every command of a mixed load: what is missing, doubled, " +
			"reordered, early or wrong. 1 in the first column means that nothing was found.",
		columns: []column{{"balanced", "ok", 0}, {"commands", "commands", 0}, {"findings", "findings", 0}},
	}, {
		measure: Load, title: "Full load",
		text: "Immediate commands, as fast as the broker takes them, to a processor that has warmed up: from the first " +
			"command's append to the last smartcard command readable as committed. Processor time is that of the process " +
			"alone, from /proc.",
		columns: []column{
			{"commands/s", "commands_per_second", 0},
			{"client CPU s per million", "client_cpu_seconds_per_million", 0},
			{"broker CPU s per million", "broker_cpu_seconds_per_million", 0},
		},
	}, {
		measure: Latency, title: "Latency",
		text: "From a command's append to its smartcard command readable as committed, by a client of its own; milliseconds. " +
			"The load is open: a command is written at its moment, whatever has become of those before it; the last column is " +
			"the 99th percentile from that moment.",
		x: "commands/s",
		columns: []column{
			{"median", "p50_seconds", 1e-3}, {"99 %", "p99_seconds", 1e-3}, {"99.9 %", "p999_seconds", 1e-3},
			{"most", "max_seconds", 1e-3}, {"99 % from plan", "planned_p99_seconds", 1e-3},
			{"client CPU s per million", "client_cpu_seconds_per_million", 0},
		},
		plots: []drawing{{"latency.svg", "Latency, 99th percentile", "commands a second", "milliseconds",
			[]column{{"99 %", "p99_seconds", 1e-3}}}},
	}, {
		measure: Lateness, title: "Lateness of scheduled requests",
		text: "From the moment at which a request is due to its smartcard command readable as committed; milliseconds.",
		x:    "due/s",
		columns: []column{
			{"median", "p50_seconds", 1e-3}, {"99 %", "p99_seconds", 1e-3}, {"99.9 %", "p999_seconds", 1e-3},
			{"most", "max_seconds", 1e-3}, {"early", "early", 0},
		},
	}, {
		measure: Backlog, title: "Waiting requests",
		text: "Requests that wait for a far day. Memory is what is resident once all are stored; disk what the local store " +
			"takes. Then the process is restarted, with its local state and without. Processor time per command is that of " +
			"immediate commands, taken in turns with a second process of the same kind on which the least number waits: the " +
			"ratio is this one's to that one's.",
		x: "waiting",
		columns: []column{
			{"resident MiB", "resident_bytes", mib}, {"disk MiB", "disk_bytes", mib},
			{"resident MiB per million", "resident_bytes_per_million", mib},
			{"disk MiB per million", "disk_bytes_per_million", mib},
			{"ready with state s", "ready_with_state_seconds", 0},
			{"ready without s", "ready_without_state_seconds", 0},
			{"CPU s per million", "client_cpu_seconds_per_million", 0},
			{"to the least", "growth_ratio", 0},
		},
		plots: []drawing{
			{"memory.svg", "Resident memory", "waiting requests", "MiB", []column{{"", "resident_bytes", mib}}},
			{"restart.svg", "Time to ready after a restart", "waiting requests", "seconds",
				[]column{{"with state", "ready_with_state_seconds", 0}, {"without", "ready_without_state_seconds", 0}}},
			{"growth.svg", "Client CPU as the backlog grows", "waiting requests", "CPU seconds per million commands",
				[]column{{"", "client_cpu_seconds_per_million", 0}}},
		},
	},
}

// Render reads the measures' files in the folder raw and writes the page, and beside it its plots into the folder plots
// (relative to the page). Measures that were not made are left out.
func Render(raw, page string) error {
	var b strings.Builder
	b.WriteString("# Results\n\nMade by `scripts/bench` from the raw figures in `results/`. Medians over the rounds, with the " +
		"least and the\nlargest in parentheses. What is compared: [cardstream](../README.md), [the peer](peer/README.md) on " +
		"Kafka Streams\n(tuned for throughput, and for latency), and the limit: a raw transactional copy of as many records.\n")
	var first *Environment
	told := settings{}
	for _, s := range sections {
		f, err := Read(raw, s.measure)
		if err != nil {
			return err
		}
		if f == nil || len(f.Samples) == 0 {
			continue
		}
		e := f.Environment
		if first == nil {
			first = &e
		}
		told.add(s.measure, e.Settings)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", s.title, wrapped(s.text), table(f, s.x, s.columns))
		if err := drawAll(&b, f, s, filepath.Dir(page)); err != nil {
			return err
		}
		b.WriteString("\n" + e.taken() + "\n")
	}
	if first != nil {
		environment(&b, first)
		told.write(&b)
	}
	return os.WriteFile(page, []byte(b.String()), 0o644)
}

// drawAll writes a section's plots, where there is more than one x to plot against.
func drawAll(b *strings.Builder, f *File, s section, beside string) error {
	if len(f.Xs()) < 2 {
		return nil
	}
	for _, d := range s.plots {
		svg := d.plot(f).svg()
		if svg == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Join(beside, "plots"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(beside, "plots", d.file), []byte(svg), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(b, "\n![%s](plots/%s)\n", d.title, d.file)
	}
	return nil
}

func (d drawing) plot(f *File) plot {
	p := plot{title: d.title, x: d.x, y: d.y}
	for _, subject := range f.Subjects() {
		for _, c := range d.values {
			s := series{name: subject}
			if len(d.values) > 1 {
				s.name += ", " + c.heading
			}
			for _, x := range f.Xs() {
				if median, there := f.Median(subject, x, c.value); there {
					s.points = append(s.points, [2]float64{x, c.shown(median)})
				}
			}
			p.series = append(p.series, s)
		}
	}
	return p
}

// taken says when, how and of which commit a measure was taken: not all of a page's need be of the same.
func (e *Environment) taken() string {
	taken := fmt.Sprintf("Taken %s by `%s`", e.Taken.Format("2006-01-02 15:04 MST"), e.Command)
	if commit := e.Versions[ofCommit]; commit != "" {
		taken += ", at commit " + commit
	}
	return taken + "."
}

// ofCommit is the version that each measure tells for itself.
const ofCommit = "cardstream"

// environment is told once: of the first measure.
func environment(b *strings.Builder, e *Environment) {
	fmt.Fprintf(b, "\n## Machine, versions, settings\n\n%d × %s, %s MiB memory, %s; brokers, subjects and the measuring "+
		"client share it.\n\n", e.Machine.Processors, e.Machine.Processor, grouped(float64(e.Machine.Memory)/mib), e.Machine.Kernel)
	for _, name := range slices.Sorted(maps.Keys(e.Versions)) {
		if name == ofCommit {
			continue
		}
		fmt.Fprintf(b, "- %s %s\n", name, e.Versions[name])
	}
}

// wrapped breaks a text into lines of at most 120 characters.
func wrapped(text string) string {
	var b strings.Builder
	length := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case length+1+len(word) > 120:
			b.WriteString("\n")
			length = 0
		default:
			b.WriteString(" ")
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}
