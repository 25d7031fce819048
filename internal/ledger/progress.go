package ledger

import "fmt"

// progress counts how far a run has come, while it runs.
type progress struct {
	wanted int              // commands, each of which has one outcome
	seen   int              // outcomes
	open   map[number]int64 // requests without an end → due, milliseconds
	last   uint64           // records taken in

	unrouted map[position]bool // results that are neither in provisioning.requests nor dead letters
	accepted map[number]bool   // requests without a REQUEST_COMPLETED that the headend has accepted
	done     map[number]bool   // requests that are COMPLETED
}

func newProgress() progress {
	return progress{open: map[number]int64{}, unrouted: map[position]bool{}, accepted: map[number]bool{}, done: map[number]bool{}}
}

// accept takes in a result ACCEPTED.
func (p *progress) accept(n number) {
	if !p.done[n] {
		p.accepted[n] = true
	}
}

// dismiss takes in that a result became a dead letter.
func (p *progress) dismiss(n number) { delete(p.accepted, n) }

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
	case completed:
		p.done[e.number] = true
		delete(p.accepted, e.number)
		delete(p.open, e.number)
	case rejected:
		delete(p.open, e.number)
	}
}

// answered reports whether every command has its outcome.
func (p *progress) answered() bool { return p.seen >= p.wanted }

// heard reports whether every result has been read, and what the headend has accepted is COMPLETED.
func (p *progress) heard() bool { return len(p.unrouted) == 0 && len(p.accepted) == 0 }

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
	text := fmt.Sprintf("%d of %d commands have their outcome, %d requests have no end", p.seen, p.wanted, len(p.open))
	if !p.heard() {
		text += fmt.Sprintf(", %d results are not read, %d accepted requests are not completed", len(p.unrouted), len(p.accepted))
	}
	return text
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
