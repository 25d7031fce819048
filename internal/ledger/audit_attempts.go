package ledger

// retried wants an attempt behind the first to come no sooner than the back-off after the failure of the one before it:
// no answer by its respond_by, or a retryable refusal, which may ask for a pause. The jitter only adds to that.
func (a *lineAudit) retried(c *cardFact, r *request, where string) {
	before := r.lastAttempt
	answer := a.book.results.about(r.number, before.attempt)
	a.heard(r, before, where)
	wait := backoffMillis(before.attempt - a.freeAttempts(r, before.attempt))
	if a.book.mode.Outage {
		wait = backoffMillis(1)
	}
	var earliest int64
	switch {
	case answer.later && before.respondBy > 0:
		earliest = min(before.respondBy+wait, answer.since+max(wait, answer.pause))
	case answer.later:
		earliest = answer.since + max(wait, answer.pause)
	case before.respondBy > 0:
		earliest = before.respondBy + wait
	}
	if early := earliest - c.issued - a.book.mode.datingMillis(); early > 0 {
		a.report.Early.add("%s: attempt %d of request %v, %d ms before the back-off is over: %s",
			where, c.attempt, r.number, early, a.name(r.command))
	}
}

// backoffMillis is the least back-off after so many failures.
func backoffMillis(failures int32) int64 {
	wait := leastBackoff
	for ; failures > 1 && wait < mostBackoff; failures-- {
		wait *= 2
	}
	return min(wait, mostBackoff).Milliseconds()
}

// freeAttempts counts those among the first so many that may not count against the most allowed: the headend asked for a
// pause.
func (a *lineAudit) freeAttempts(r *request, upTo int32) int32 {
	var free int32
	for attempt := int32(1); attempt <= upTo; attempt++ {
		if a.book.results.about(r.number, attempt).pause > 0 {
			free++
		}
	}
	return free
}

// inTime wants a smartcard command to give the headend the time that it is to have.
func (a *lineAudit) inTime(c *cardFact, where string) {
	mode := a.book.mode
	switch has := c.respondBy > 0; {
	case mode.Switched && !has:
	case has != mode.Results:
		a.report.Differing.add("%s: respond_by is there: %v", where, has)
	case has && c.respondBy-c.issued != mode.timeoutMillis():
		a.report.Differing.add("%s: respond_by is %d ms after issued_at, want %d",
			where, c.respondBy-c.issued, mode.timeoutMillis())
	}
}

// attemptsUsed wants a request to be given up neither sooner nor later than its attempts allow.
func (a *lineAudit) attemptsUsed(r *request) {
	mode := a.book.mode
	if counted := r.attempts - a.freeAttempts(r, r.attempts); counted > mode.attempts() && !mode.Outage {
		a.report.Illegal.add("request %v: %d attempts, at most %d: %s", r.number, counted, mode.attempts(), a.name(r.command))
	}
	if r.rejectedAt == 0 {
		return
	}
	refused := !r.timeout && a.book.results.about(r.number, r.attempts).refused
	if !refused && r.attempts < mode.attempts() {
		a.report.Illegal.add("request %v: given up after %d attempts, has %d: %s",
			r.number, r.attempts, mode.attempts(), a.name(r.command))
	}
	if last := r.lastAttempt; r.timeout && last != nil && last.attempt == r.attempts {
		a.heard(r, last, "REQUEST_REJECTED")
	}
	if last := r.lastAttempt; r.timeout && last != nil && last.attempt == r.attempts &&
		r.rejectedAt < last.respondBy-mode.toleranceMillis() {
		a.report.Early.add("request %v: timed out %d ms before its respond_by: %s",
			r.number, last.respondBy-r.rejectedAt, a.name(r.command))
	}
}
