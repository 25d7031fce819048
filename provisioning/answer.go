package provisioning

import (
	"encoding/binary"
	"hash/fnv"
	"strings"
	"time"
)

// Reading says what a headend's result turned out to be: the status by which results are counted.
type Reading string

// The readings of a result.
const (
	ReadAccepted  Reading = "accepted"  // it completed the request
	ReadRejected  Reading = "rejected"  // it ended the request
	ReadRetryable Reading = "retryable" // another attempt follows, or none is left
	ReadLate      Reading = "late"      // about an attempt that was given up already
	ReadRepeated  Reading = "repeated"  // the headend had said so before
	ReadUnknown   Reading = "unknown"   // about an attempt that was never made
)

// The most that a headend may delay a request.
const (
	maxRetryAfter    = time.Hour
	maxRetryAfterSum = 24 * time.Hour
)

// Answer applies the headend's result of an attempt. What reads as late, repeated or unknown changes nothing, but for a
// late ACCEPTED, which completes a request that HEADEND or TIMEOUT had ended: the card did change.
func (p Policy) Answer(r *Request, res *Result, now Timestamp) (Outcome, Reading) {
	switch {
	case res.Attempt < 1 || res.Attempt > r.Attempts:
		return Outcome{}, ReadUnknown
	case res.Status == ResponseAccepted:
		return p.accepted(r, res, now)
	case r.State != Sent:
		return Outcome{}, r.readLate()
	case res.Attempt != r.Attempts:
		return Outcome{}, ReadLate
	case !r.Outstanding():
		return Outcome{}, r.readBetween()
	case res.Retryable:
		return p.refused(r, res, now), ReadRetryable
	}
	return p.reject(r, RejectedByHeadend, res, now), ReadRejected
}

// accepted: SENT → COMPLETED, whichever attempt it was; REJECTED by HEADEND or TIMEOUT → COMPLETED.
func (p Policy) accepted(r *Request, res *Result, now Timestamp) (Outcome, Reading) {
	reading := ReadAccepted
	switch {
	case r.State == Sent:
	case r.State == Rejected:
		reading = ReadLate
		r.RejectedBy, r.ErrorCode, r.ErrorDescription = nil, nil, nil
	default:
		return Outcome{}, ReadRepeated
	}
	r.ReferenceNumber = r.clean(res.ReferenceNumber)
	p.end(r, Completed, now)
	return Outcome{Events: []Event{r.event(RequestCompleted, now)}}, reading
}

// readLate tells an answer that comes after the end apart: late, if the end came without one.
func (r *Request) readLate() Reading {
	if r.RejectedBy != nil && *r.RejectedBy == RejectedByTimeout {
		return ReadLate
	}
	return ReadRepeated
}

// readBetween tells an answer that comes between attempts apart: late, if the last one was given up without one.
func (r *Request) readBetween() Reading {
	if r.Silence > 0 {
		return ReadLate
	}
	return ReadRepeated
}

// refused: the headend may accept it later. Where it asks for a pause within its caps, the attempt does not count.
func (p Policy) refused(r *Request, res *Result, now Timestamp) Outcome {
	var pause time.Duration
	if res.RetryAfter != nil && *res.RetryAfter > 0 {
		left := maxRetryAfterSum - time.Duration(r.RetryAfterSum)*time.Millisecond
		// Compared in milliseconds first: what a headend asks for may not fit into a Duration.
		pause = min(time.Duration(min(*res.RetryAfter, maxRetryAfter.Milliseconds()))*time.Millisecond, left)
	}
	if pause > 0 {
		r.RetryAfterSum += pause.Milliseconds()
		r.FreeAttempts++
	} else if r.failures() >= p.Attempts {
		return p.reject(r, RejectedByHeadend, res, now)
	}
	r.Silence = 0
	p.retry(r, pause, now)
	return Outcome{}
}

// Holds reports whether a partition is to send nothing but probes, after so many attempts in a row that the headend left
// unanswered.
func (p Policy) Holds(silence int32) bool {
	return p.Results && p.HoldAfter > 0 && silence >= p.HoldAfter
}

// TimeOut gives up the outstanding attempt whose answer is late: another one follows, or the request is REJECTED. It is
// the silence-th in a row that the headend left unanswered in this partition; while the partition holds, an attempt that
// comes to nothing is not the request's fault and does not count. Where no results are read any more, what was sent
// counts as handed over, as for every request then.
func (p Policy) TimeOut(r *Request, silence int32, now Timestamp) Outcome {
	r.Silence = silence
	if !p.Results {
		p.end(r, Completed, now)
		return Outcome{Events: []Event{r.event(RequestCompleted, now)}}
	}
	if p.Holds(silence - 1) {
		r.FreeAttempts++
	} else if r.failures() >= p.Attempts {
		code, text := HeadendTimeout, "the headend did not answer"
		return p.reject(r, RejectedByTimeout, &Result{ErrorCode: &code, ErrorDescription: &text}, now)
	}
	p.retry(r, 0, now)
	return Outcome{}
}

// failures returns how many attempts count against the most allowed.
func (r *Request) failures() int32 { return r.Attempts - r.FreeAttempts }

// retry plans the next attempt: after the back-off, and no sooner than the headend's pause.
func (p Policy) retry(r *Request, pause time.Duration, now Timestamp) {
	at := now.Add(max(p.backoff(r), pause))
	r.RespondBy, r.RetryAt = nil, &at
	r.touch(now)
}

// backoff doubles with each attempt that failed, between RetryMin and RetryMax. The jitter comes from the request's
// number and attempt, so that a step done again plans the same.
func (p Policy) backoff(r *Request) time.Duration {
	d := p.RetryMin
	for n := r.failures(); n > 1 && d < p.RetryMax; n-- {
		d *= 2
	}
	h := fnv.New64a()
	var b [20]byte
	binary.BigEndian.PutUint32(b[0:], uint32(r.Number.Partition))
	binary.BigEndian.PutUint64(b[4:], uint64(r.Number.Offset))
	binary.BigEndian.PutUint64(b[12:], uint64(r.Attempts))
	h.Write(b[:])
	return min(p.RetryMax, d+time.Duration(h.Sum64()%uint64(d/2+1)))
}

// reject ends a SENT request with the headend's error, or that it gave none.
func (p Policy) reject(r *Request, by Rejecter, res *Result, now Timestamp) Outcome {
	r.RejectedBy = &by
	r.ReferenceNumber = r.clean(res.ReferenceNumber)
	r.ErrorCode, r.ErrorDescription = r.clean(res.ErrorCode), r.clean(res.ErrorDescription)
	p.end(r, Rejected, now)
	return Outcome{Events: []Event{r.event(RequestRejected, now)}}
}

// clean makes a text of the headend's fit to be kept and published: valid, not too long, and without the request's PIN.
// Where a PIN has been and is gone already, as it is when an answer comes after the end, nobody can tell whether the
// text repeats it, and there is none.
func (r *Request) clean(text *string) *string {
	if text == nil || r.Action == SetPIN && r.NewPIN.IsZero() {
		return nil
	}
	masked := *text
	if !r.NewPIN.IsZero() {
		masked = strings.ReplaceAll(masked, r.NewPIN.Reveal(), maskedPIN)
	}
	masked = excerpt(masked) // after the mask: a cut through a PIN would leave a part of it
	return &masked
}
