package ledger

// walkEvents follows the line's events in order.
func (a *lineAudit) walkEvents() {
	for i := range a.line.events {
		e := &a.line.events[i]
		switch e.kind {
		case pending, commandWasDuplicate:
			a.made(e)
		case commandWasRejected:
			a.refused(e)
		default:
			a.moved(e)
		}
	}
}

// made follows a REQUEST_PENDING or COMMAND_DUPLICATE: the n-th such event of a sender answers its n-th valid command,
// the first makes the request and the others name it.
func (a *lineAudit) made(e *eventFact) {
	where := e.at.in(eventsTopic)
	s := a.senders[e.who]
	switch {
	case s != nil && len(s.cancels) > 0 && e.kind == commandWasDuplicate:
		s.cancelOutcome++
		return
	case s == nil || len(s.valid) == 0:
		a.report.Foreign.add("%s: %v that no command asks for (%s)", where, e.kind, a.key)
		return
	case e.kind == pending && s.request != nil, s.made == len(s.valid):
		a.report.Doubled.add("%s: %v again, of %s", where, e.kind, a.command(s.valid[0]))
		return
	case e.kind == commandWasDuplicate && s.request == nil:
		a.report.Illegal.add("%s: duplicate before its request, of %s", where, a.command(s.valid[0]))
		return
	}
	index := s.valid[s.made]
	s.made++
	a.inOrder(&a.lastMade, index, where)
	if e.kind == pending {
		a.create(s, e, &a.line.commands[index])
	} else {
		a.duplicate(s, e, &a.line.commands[index])
	}
}

// create follows the REQUEST_PENDING of a command.
func (a *lineAudit) create(s *sender, e *eventFact, c *commandFact) {
	where := e.at.in(eventsTopic)
	r := &request{number: e.number, command: c, created: e.created, due: e.due, state: pending}
	s.request = r
	if a.requests[e.number] != nil {
		a.report.Doubled.add("%s: request %v is another command's", where, e.number)
	}
	a.requests[e.number] = r
	a.report.Counts.Requests++
	if s.entries > 0 && e.number != number(s.firstEntry) {
		a.report.Differing.add("%s: number %v, but the entry is %s", where, e.number, s.firstEntry.in(requestsTopic))
	}
	if early := c.appended - e.created - a.book.mode.datingMillis(); early > 0 {
		a.report.Differing.add("%s: created %d ms before its command was written", where, early)
	}
	if want := c.due(e.created); e.due != want {
		a.report.Differing.add("%s: due %d ms off", where, e.due-want)
	}
	a.content(e, r)
}

// duplicate follows a COMMAND_DUPLICATE: it names the first one's request, and says whether the content differs.
func (a *lineAudit) duplicate(s *sender, e *eventFact, c *commandFact) {
	where := e.at.in(eventsTopic)
	if e.number != s.request.number {
		a.report.Differing.add("%s: duplicate of %v, want %v", where, e.number, s.request.number)
	}
	first := s.request.command
	differs := e.codes == "DUPLICATE_DIFFERS"
	switch {
	case e.codes != "" && !differs:
		a.report.Differing.add("%s: duplicate with errors %q", where, e.codes)
	case !a.ordered:
	case differs && c.full == first.full:
		a.report.Differing.add("%s: said to differ, does not: %s", where, a.name(c))
	case !differs && c.withoutPIN != first.withoutPIN:
		a.report.Differing.add("%s: differs, is not said to: %s", where, a.name(c))
	}
}

// refused follows a COMMAND_REJECTED: the n-th of a sender answers its n-th command that breaks a rule.
func (a *lineAudit) refused(e *eventFact) {
	where := e.at.in(eventsTopic)
	s := a.senders[e.who]
	switch {
	case s != nil && len(s.cancels) > 0 && e.codes == "REQUEST_NOT_PENDING":
		s.cancelOutcome++
		return
	case s == nil || len(s.invalid) == 0:
		a.report.Foreign.add("%s: %v (%s), which no command asks for (%s)", where, e.kind, e.codes, a.key)
		return
	case s.refused == len(s.invalid):
		a.report.Doubled.add("%s: %v again, of %s", where, e.kind, a.command(s.invalid[0]))
		return
	}
	index := s.invalid[s.refused]
	s.refused++
	a.inOrder(&a.lastRefuse, index, where)
	if want := a.line.commands[index].codes; e.codes != want {
		a.report.Differing.add("%s: errors %q, want %q: %s", where, e.codes, want, a.command(index))
	}
}

// content wants an event to repeat what its command said, and when the request was created and is due.
func (a *lineAudit) content(e *eventFact, r *request) {
	if e.content != r.command.content {
		a.report.Differing.add("%s: not what the command says: %s", e.at.in(eventsTopic), a.name(r.command))
	}
	if e.created != r.created || e.due != r.due {
		a.report.Differing.add("%s: created_at or due_at has changed: %s", e.at.in(eventsTopic), a.name(r.command))
	}
}
