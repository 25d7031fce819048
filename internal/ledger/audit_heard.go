package ledger

import "time"

// hearing is how old a processor's view of its log may be when it decides that nobody has answered.
const hearing = 2500 * time.Millisecond

// placeReadable says of each attempt when an answer that ends its request could first be read by dispatch.
func (r *results) placeReadable() {
	for at, fact := range r.all {
		answer, readable := r.byRequest[fact.number][fact.attempt], r.readable[at]
		if answer == nil || readable == 0 || !fact.final {
			continue
		}
		if answer.readable == 0 || readable < answer.readable {
			answer.readable = readable
		}
	}
}

// heard wants nobody to give up an attempt, by another one or for good, whose answer could be read long before it was due:
// time-outs are decided by who has read what stands in the log.
func (a *lineAudit) heard(r *request, attempt *cardFact, where string) {
	answer := a.book.results.about(r.number, attempt.attempt)
	if answer.readable == 0 || answer.later || attempt.respondBy == 0 {
		return // a retryable refusal gives an attempt up too, and whatever else was answered
	}
	spare := attempt.respondBy - answer.readable - hearing.Milliseconds() - a.book.mode.toleranceMillis()
	if spare > 0 {
		a.report.Illegal.add("%s: attempt %d of request %v given up, whose answer could be read %d ms before its respond_by: %s",
			where, attempt.attempt, r.number, attempt.respondBy-answer.readable, a.name(r.command))
	}
}
