package ledger

import "fmt"

// progress counts how far a run has come, while it runs.
type progress struct {
	wanted int              // commands, each of which has one outcome
	seen   int              // outcomes
	open   map[number]int64 // requests without an end → due, milliseconds
	last   uint64           // records taken in
}

func newProgress() progress { return progress{open: map[number]int64{}} }

// event takes in a life cycle event.
func (p *progress) event(e *eventFact) {
	switch e.kind {
	case pending:
		p.seen++
		p.open[e.number] = e.due
	case commandWasRejected, commandWasDuplicate:
		p.seen++
	case cancelled:
		p.seen++
		delete(p.open, e.number)
	case completed, rejected:
		delete(p.open, e.number)
	}
}

// answered reports whether every command has its outcome.
func (p *progress) answered() bool { return p.seen >= p.wanted }

// waitingUntil returns the earliest due time of the open requests that is after now, in milliseconds; 0 for none.
func (p *progress) waitingUntil(now int64) int64 {
	var next int64
	for _, due := range p.open {
		if due > now && (next == 0 || due < next) {
			next = due
		}
	}
	return next
}

func (p *progress) String() string {
	return fmt.Sprintf("%d of %d commands have their outcome, %d requests have no end", p.seen, p.wanted, len(p.open))
}

// overdue reports whether an open request is due at now, in milliseconds.
func (p *progress) overdue(now int64) bool {
	for _, due := range p.open {
		if due <= now {
			return true
		}
	}
	return false
}
