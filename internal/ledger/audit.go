package ledger

import (
	"maps"
	"slices"
)

// audit accounts for everything that the book holds. It changes nothing in it, and may be called again later.
func (b *book) audit() *Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &audit{book: b, report: b.found.clone(), cancels: map[string][]commandFact{}, attempts: map[number]int32{}}
	a.report.AbortMarkers = maps.Clone(b.aborts.markers)
	a.report.AbortedTransactions = len(b.aborts.transactions)
	a.placeCancels()
	a.book.results.placeReadable()
	for _, key := range a.keys() {
		l := b.lines[key]
		if l == nil {
			l = &line{} // of a cancel without any answer
		}
		a.line(key, l)
	}
	a.foreignStates()
	a.cancelEntries()
	a.resultsRead()
	b.letters.audit(a.report)
	a.report.Counts.Undecodable = len(b.letters.demanded)
	for _, where := range b.leaks.leaks() {
		a.report.Leaked.add("a command's PIN, first in %s", where)
	}
	a.report.Lateness = quantilesOf(a.lateness)
	a.report.CommandToCard = quantilesOf(a.commandToCard)
	return a.report
}

// audit is one audit under way.
type audit struct {
	book   *book
	report *Report

	cancels       map[string][]commandFact // by the key under which their outcome is to stand
	attempts      map[number]int32         // made, of every request
	statesSeen    int
	lateness      []int64 // microseconds
	commandToCard []int64
}

// clone copies what showed itself while reading, so that the audit can add to it.
func (r *Report) clone() *Report {
	c := *r
	for _, f := range c.findings() {
		f.finding.Samples = slices.Clone(f.finding.Samples)
	}
	c.Counts.Records, c.Counts.Events = maps.Clone(r.Counts.Records), maps.Clone(r.Counts.Events)
	return &c
}

// placeCancels gives each cancel to the line of the request that it names. One that names none is rejected, and answered
// under its own id.
func (a *audit) placeCancels() {
	if len(a.book.cancels) == 0 {
		return
	}
	keys := map[number]string{}
	for key, l := range a.book.lines {
		for _, e := range l.events {
			if e.kind == pending {
				keys[e.number] = key
			}
		}
	}
	for _, c := range a.book.cancels {
		if key, known := keys[c.cancels]; known {
			a.report.Counts.Cancels++
			a.cancels[key] = append(a.cancels[key], c)
			continue
		}
		c.codes, c.cancels = "REQUEST_UNKNOWN", noNumber
		a.cancels[c.key] = append(a.cancels[c.key], c)
	}
}

// keys returns the keys of all lines, in order.
func (a *audit) keys() []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a.book.lines)), maps.Keys(a.cancels))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// foreignStates finds records of provisioning.state about requests that never were.
func (a *audit) foreignStates() {
	if a.statesSeen == len(a.book.states) {
		return
	}
	known := map[number]bool{}
	for _, l := range a.book.lines {
		for _, e := range l.events {
			known[e.number] = known[e.number] || e.kind == pending
		}
	}
	for n := range a.book.states {
		if !known[n] {
			a.report.Foreign.add("%s: state of request %v, which never was", stateTopic, n)
		}
	}
}

// cancelEntries wants no more of them in provisioning.requests than there are cancels.
func (a *audit) cancelEntries() {
	cancels := map[uint64]int{}
	for _, c := range a.book.cancels {
		cancels[c.who]++
	}
	for who, count := range a.book.cancelEntries {
		switch demanded := cancels[who]; {
		case demanded == 0:
			a.report.Foreign.add("%s: %d cancels that no command asks for", requestsTopic, count)
		case count > demanded:
			a.report.Doubled.add("%s: a cancel %d times, demanded %d times", requestsTopic, count, demanded)
		}
	}
}
