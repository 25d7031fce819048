package ledger

import "cmp"

// moved follows an event of a request's life after its creation.
func (a *lineAudit) moved(e *eventFact) {
	r := a.requests[e.number]
	if r == nil {
		a.report.Foreign.add("%s: %v of request %v, which this card does not have (%s)",
			e.at.in(eventsTopic), e.kind, e.number, a.key)
		return
	}
	if e.kind == cancelled {
		if s := a.senders[e.who]; s != nil {
			s.cancelOutcome++ // more of them than cancels: found by settleSenders
		}
	}
	if a.repeated(e, r) {
		a.report.Doubled.add("%s: %v again, of request %v: %s", e.at.in(eventsTopic), e.kind, e.number, a.name(r.command))
		return
	}
	if !a.legal(e, r) {
		a.report.Illegal.add("%s: %v of a request that is %s: %s",
			e.at.in(eventsTopic), e.kind, stateAfter[r.state], a.name(r.command))
	}
	a.content(e, r)
	if e.kind == sent {
		a.sent(e, r)
	} else if a.open == r {
		a.open = nil
	}
	if r.state = e.kind; e.kind == rejected {
		r.timeout, r.rejectedAt = e.timeout, e.occurred
	}
}

// repeated reports whether the event says once more what an event before it said.
func (a *lineAudit) repeated(e *eventFact, r *request) bool {
	if e.kind == sent {
		return e.attempt <= r.attempts
	}
	return e.kind == r.state
}

// legal reports whether the life cycle has the step. Without results a request is sent once and never rejected.
func (a *lineAudit) legal(e *eventFact, r *request) bool {
	results := a.book.mode.Results
	switch e.kind {
	case sent:
		first := r.state == pending && e.attempt == 1
		return first || results && r.state == sent && e.attempt == r.attempts+1
	case completed:
		return r.state == sent || results && r.state == rejected
	case rejected:
		return results && r.state == sent
	case cancelled:
		return r.state == pending
	}
	return false
}

// sent follows a REQUEST_SENT: not before it is due, not while another request of the card is SENT, and first attempts
// in the order of (due, number).
func (a *lineAudit) sent(e *eventFact, r *request) {
	where := e.at.in(eventsTopic)
	r.attempts = e.attempt
	if early := r.due - e.occurred; early > 0 {
		a.report.Early.add("%s: sent %d ms before it is due: %s", where, early, a.name(r.command))
	}
	if a.open != nil && a.open != r {
		a.report.Reordered.add("%s: request %v sent before the end of %v (%s)", where, r.number, a.open.number, a.key)
	}
	a.open = r
	if e.attempt == 1 {
		a.inLine(&a.lastSent, r, where)
	}
}

// inLine wants r behind last in the line of its card.
func (a *lineAudit) inLine(last **request, r *request, where string) {
	if *last != nil && lineOrder(*last, r) > 0 {
		a.report.Reordered.add("%s: request %v sent after %v, which is behind it by due and number (%s)",
			where, r.number, (*last).number, a.key)
	}
	*last = r
}

// lineOrder compares by (due, number).
func lineOrder(r, o *request) int {
	return cmp.Or(cmp.Compare(r.due, o.due), cmp.Compare(r.number.partition, o.number.partition),
		cmp.Compare(r.number.offset, o.number.offset))
}
