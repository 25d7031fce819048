package ledger

// walkCards follows the line's smartcard commands in order: attempt after attempt of each request, each once, first
// attempts in the order of the card's line, none before it is due, with what the command said.
func (a *lineAudit) walkCards() {
	for i := range a.line.cards {
		c := &a.line.cards[i]
		where := c.at.in(cardCommandsTopic)
		r := a.requests[c.number]
		switch {
		case r == nil:
			a.report.Foreign.add("%s: request %v is none of this card (%s)", where, c.number, a.key)
			continue
		case c.attempt <= r.cards:
			a.report.Doubled.add("%s: attempt %d of request %v again: %s", where, c.attempt, c.number, a.name(r.command))
			continue
		case c.attempt != r.cards+1:
			a.report.Missing.add("%s: attempt %d of request %v follows %d", where, c.attempt, c.number, r.cards)
		}
		r.cards = c.attempt
		a.card(c, r, where)
	}
}

func (a *lineAudit) card(c *cardFact, r *request, where string) {
	if c.content != r.command.cardContent {
		a.report.Differing.add("%s: not what the command says: %s", where, a.name(r.command))
	}
	a.inTime(c, where)
	earliest := a.dueByOthers(r) - a.book.mode.toleranceMillis()
	if c.issued < r.due || c.appended < earliest || c.arrived < 1000*earliest {
		a.report.Early.add("%s: request %v is not due yet: %s", where, c.number, a.name(r.command))
	}
	if r.lastAttempt != nil {
		a.retried(c, r, where)
	}
	r.lastAttempt = c
	if c.attempt != 1 {
		return
	}
	a.inLine(&a.lastCard, r, where)
	if r.due > r.created {
		a.lateness = append(a.lateness, c.arrived-1000*r.due)
	} else {
		a.commandToCard = append(a.commandToCard, c.arrived-1000*r.command.appended)
	}
}

// dueByOthers is when a request is due by any right clock: where a processor's may have been wrong when it dated the
// request, only the command's own date counts.
func (a *lineAudit) dueByOthers(r *request) int64 {
	if a.book.mode.ClockJump == 0 {
		return r.due
	}
	return r.command.due(0)
}

// settleRequests wants every request at its end, with a smartcard command for each attempt, and its state written down.
func (a *lineAudit) settleRequests() {
	for n, r := range a.requests {
		for attempt := r.cards + 1; attempt <= r.attempts; attempt++ {
			a.report.Missing.add("smartcard command of request %v, attempt %d: %s", n, attempt, a.name(r.command))
		}
		for attempt := r.attempts + 1; attempt <= r.cards; attempt++ {
			a.report.Missing.add("%v of request %v, attempt %d: %s", sent, n, attempt, a.name(r.command))
		}
		a.attempts[n] = max(r.attempts, r.cards)
		a.end(r)
		a.written(r)
	}
}

// end wants a request to have the end that is demanded.
func (a *lineAudit) end(r *request) {
	mode := a.book.mode
	if mode.Results {
		a.answered(r)
		a.attemptsUsed(r)
	}
	switch waits := r.state == pending || mode.Results && r.state == sent; {
	case waits && !mode.Open && r.state == pending:
		a.report.Missing.add("%v of request %v: %s", sent, r.number, a.name(r.command))
		fallthrough
	case waits && !mode.Open, !waits && r.state == sent:
		a.report.Missing.add("%v of request %v: %s", completed, r.number, a.name(r.command))
	}
}

// answered holds a request's end against the headend's answers.
func (a *lineAudit) answered(r *request) {
	accepted, refused := false, false
	for attempt := int32(1); attempt <= r.attempts; attempt++ {
		answer := a.book.results.about(r.number, attempt)
		accepted = accepted || answer.accepted
		refused = refused || answer.refused || answer.later
	}
	switch {
	case r.state == completed && !accepted && !a.book.mode.Switched:
		a.report.Foreign.add("%v of request %v, which the headend never accepted", completed, r.number)
	case accepted && r.state != completed && r.state != cancelled:
		a.report.Missing.add("%v of request %v, which the headend accepted: %s", completed, r.number, a.name(r.command))
	case r.state == rejected && !r.timeout && !refused:
		a.report.Foreign.add("%v of request %v, which the headend never refused", rejected, r.number)
	}
}

// written holds a request against its newest record in provisioning.state.
func (a *lineAudit) written(r *request) {
	ended := r.state == completed || r.state == rejected || r.state == cancelled
	state, ok := a.book.states[r.number]
	if !ok {
		a.report.Missing.add("%s of request %v: %s", stateTopic, r.number, a.name(r.command))
		return
	}
	a.statesSeen++
	switch {
	case state.forgotten && !ended:
		a.report.Missing.add("%s of request %v: forgotten before its end", stateTopic, r.number)
	case !state.forgotten && state.state != r.state:
		a.report.Differing.add("%s: request %v is %q, by its events %q",
			stateTopic, r.number, stateAfter[state.state], stateAfter[r.state])
	case ended && state.holdsPIN:
		a.report.Leaked.add("%s: request %v still holds its PIN after its end", stateTopic, r.number)
	}
}
