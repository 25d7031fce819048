package ledger

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// results are the headend's answers, by where they stand and by what they are about.
type results struct {
	all       map[position]*resultFact
	byRequest map[number]map[int32]*attemptFact // by attempt
	entries   map[position]int                  // in provisioning.requests, by the place of the result
	readable  map[position]int64                // when the first of them arrived here, milliseconds
	letters   map[position][]string             // the codes of dead letters, by the place of the result
}

func newResults() results {
	return results{
		all: map[position]*resultFact{}, byRequest: map[number]map[int32]*attemptFact{},
		entries: map[position]int{}, readable: map[position]int64{}, letters: map[position][]string{},
	}
}

// resultFact is a record of smartcard.results.
type resultFact struct {
	number  number // of the request; noNumber where the text is none
	attempt int32
	final   bool   // ACCEPTED, or refused for good
	problem string // the code under which it cannot be read; empty where it can
}

// attemptFact sums up the answers to one attempt.
type attemptFact struct {
	accepted bool
	refused  bool // for good
	later    bool // REJECTED, retryable
	pause    int64
	readable int64 // when dispatch could first read one that ends the request, milliseconds, the witness's clock; 0: never
	since    int64 // when the first retryable one was written, milliseconds, the broker's clock
}

// result takes in a record of smartcard.results.
func (b *book) result(r *kgo.Record, value fields, problem error) {
	fact := &resultFact{number: noNumber}
	at := positionOf(r)
	b.results.all[at] = fact
	if b.results.entries[at] == 0 && b.results.letters[at] == nil {
		b.progress.unrouted[at] = true
	}
	if problem != nil {
		fact.problem = problem.Error()
		return
	}
	fact.number, fact.attempt = value.number("request_number"), value.int("attempt")
	if fact.number == noNumber {
		return
	}
	answers := b.results.byRequest[fact.number]
	if answers == nil {
		answers = map[int32]*attemptFact{}
		b.results.byRequest[fact.number] = answers
	}
	answer := answers[fact.attempt]
	if answer == nil {
		answer = &attemptFact{}
		answers[fact.attempt] = answer
	}
	retryable := value.maybeBool("retryable").Value
	fact.final = value.text("response_status") == "ACCEPTED" || !retryable
	switch accepted := value.text("response_status") == "ACCEPTED"; {
	case accepted:
		answer.accepted = true
		b.progress.accept(fact.number)
	case retryable && !answer.later:
		pause, _ := field[int64](value, "retry_after_ms")
		answer.later, answer.since = true, r.Timestamp.UnixMilli()
		answer.pause = min(max(pause, 0), longestPause.Milliseconds())
	case !retryable:
		answer.refused = true
	}
}

// resultEntry takes in a result as intake routed it.
func (b *book) resultEntry(at position, entry fields, arrived time.Time) {
	origin := entry.record("origin")
	offset, _ := field[int64](origin, "offset")
	source := position{origin.int("partition"), offset}
	if b.results.entries[source]++; b.results.entries[source] == 1 {
		b.results.readable[source] = arrived.UnixMilli()
	}
	delete(b.progress.unrouted, source)
	if n := entry.number("request_number"); n.partition != at.partition {
		b.found.Misplaced.add("%s: not the partition of the request that was answered", at.in(requestsTopic))
	}
}

// resultLetter takes in a dead letter of a result.
func (b *book) resultLetter(source position, code string) {
	b.results.letters[source] = append(b.results.letters[source], code)
	delete(b.progress.unrouted, source)
	if fact := b.results.all[source]; fact != nil {
		b.progress.dismiss(fact.number)
	}
}

// about returns what was answered to an attempt of a request.
func (r results) about(n number, attempt int32) attemptFact {
	if answer := r.byRequest[n][attempt]; answer != nil {
		return *answer
	}
	return attemptFact{}
}
