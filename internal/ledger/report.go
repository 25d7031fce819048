package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxSamples is how many of a kind of finding are kept in words.
const maxSamples = 10

// Finding counts what was found of one kind, with the first few in words.
type Finding struct {
	Count   int
	Samples []string
}

func (f *Finding) add(format string, args ...any) {
	f.Count++
	if len(f.Samples) < maxSamples {
		f.Samples = append(f.Samples, fmt.Sprintf(format, args...))
	}
}

// Report is the outcome of an audit.
type Report struct {
	Missing   Finding // demanded, and not there
	Doubled   Finding // there more often than demanded
	Reordered Finding // there, but not in the order of its card
	Foreign   Finding // demanded by nothing
	Misplaced Finding // under a wrong key, or in a wrong partition
	Early     Finding // sent before it was due
	Differing Finding // there, but not saying what its command said
	Illegal   Finding // a step that the life cycle does not have
	Leaked    Finding // a PIN where none may be

	Counts Counts

	// AbortMarkers counts the markers of aborted transactions that the witness has read, by topic. Of a takeover there
	// is always one in provisioning.state (the barrier), so what a crash left open shows in the other topics.
	AbortMarkers map[string]int
	// AbortedTransactions counts aborted transactions outside provisioning.state: the distinct producer ids and epochs
	// of those markers.
	AbortedTransactions int

	// Lateness is arrival − due_at of the smartcard commands of requests that were due after their creation, by the
	// witness's clock; CommandToCard arrival − the command's append time of those due at creation.
	Lateness      Quantiles
	CommandToCard Quantiles
}

// Counts are the records that the witness has read, and what the commands among them demand.
type Counts struct {
	Records map[string]int // by topic, without the prefix; control records not counted
	Events  map[string]int // by event type

	Commands      int // that decode
	Undecodable   int // commands that demand a dead letter
	Accepted      int // commands that demand a request
	Rejected      int // commands that demand a COMMAND_REJECTED
	Duplicates    int // commands that demand a COMMAND_DUPLICATE
	Cancels       int // cancels of a request that exists
	Again         Fed // of these, such as stand in the topic before, byte for byte
	Requests      int // requests created
	SmartcardKeys int
}

// OK reports whether nothing was found.
func (r *Report) OK() bool {
	for _, f := range r.findings() {
		if f.finding.Count > 0 {
			return false
		}
	}
	return true
}

// Found returns the names of the kinds of which something was found.
func (r *Report) Found() []string {
	var names []string
	for _, f := range r.findings() {
		if f.finding.Count > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

type namedFinding struct {
	name    string
	finding *Finding
}

func (r *Report) findings() []namedFinding {
	return []namedFinding{
		{"missing", &r.Missing}, {"doubled", &r.Doubled}, {"reordered", &r.Reordered}, {"foreign", &r.Foreign},
		{"misplaced", &r.Misplaced}, {"early", &r.Early}, {"differing", &r.Differing}, {"illegal", &r.Illegal},
		{"leaked", &r.Leaked},
	}
}

// String prints the report for people: one line of verdict, the counts, then what was found.
func (r *Report) String() string {
	var b strings.Builder
	verdict := "ok"
	if !r.OK() {
		verdict = "NOT OK"
	}
	fmt.Fprintf(&b, "ledger: %s:", verdict)
	for _, f := range r.findings() {
		fmt.Fprintf(&b, " %d %s", f.finding.Count, f.name)
	}
	c := r.Counts
	fmt.Fprintf(&b, "\ncommands: %d (%d accepted, %d rejected, %d duplicates, %d cancels), %d undecodable; "+
		"%d requests, %d smartcards\n", c.Commands, c.Accepted, c.Rejected, c.Duplicates, c.Cancels, c.Undecodable,
		c.Requests, c.SmartcardKeys)
	fmt.Fprintf(&b, "records: %s\nevents: %s\n", sorted(c.Records), sorted(c.Events))
	fmt.Fprintf(&b, "aborted transactions: %d; abort markers: %s\n", r.AbortedTransactions, sorted(r.AbortMarkers))
	fmt.Fprintf(&b, "arrival − due: %s\ncommand → smartcard command: %s\n", r.Lateness, r.CommandToCard)
	for _, f := range r.findings() {
		for _, sample := range f.finding.Samples {
			fmt.Fprintf(&b, "%s: %s\n", f.name, sample)
		}
		if more := f.finding.Count - len(f.finding.Samples); more > 0 {
			fmt.Fprintf(&b, "%s: and %d more\n", f.name, more)
		}
	}
	return b.String()
}

// sorted prints counts by name.
func sorted(counts map[string]int) string {
	var parts []string
	for name, count := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", name, count))
	}
	if len(parts) == 0 {
		return "none"
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// Quantiles sum up durations.
type Quantiles struct {
	Count                    int
	P50, P90, P99, P999, Max time.Duration
}

// quantilesOf sorts micros, microseconds, and reads the quantiles off (nearest rank).
func quantilesOf(micros []int64) Quantiles {
	if len(micros) == 0 {
		return Quantiles{}
	}
	slices.Sort(micros)
	at := func(permille int) time.Duration {
		rank := (len(micros)*permille + 999) / 1000
		return time.Duration(micros[max(rank, 1)-1]) * time.Microsecond
	}
	return Quantiles{Count: len(micros), P50: at(500), P90: at(900), P99: at(990), P999: at(999), Max: at(1000)}
}

// String prints them in one line.
func (q Quantiles) String() string {
	if q.Count == 0 {
		return "none"
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s (of %d)", q.P50, q.P90, q.P99, q.P999, q.Max, q.Count)
}
