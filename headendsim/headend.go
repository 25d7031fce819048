package headendsim

import (
	"sync"
	"time"

	"cardstream/provisioning"
)

// headend is what all desks share: how much it can do, and when it is down. Many goroutines may use it.
type headend struct {
	Settings
	began time.Time

	mu   sync.Mutex
	free time.Time // when it can start on the next command
}

// downUntil returns when the outage ends in which now lies; the zero time outside of it.
func (h *headend) downUntil(now time.Time) time.Time {
	down := h.began.Add(h.DownAfter)
	if up := down.Add(h.DownFor); !now.Before(down) && now.Before(up) {
		return up
	}
	return time.Time{}
}

// start returns when the headend starts on a command that has been read now: commands queue for it, and wait for the end
// of an outage. Where that is after by, it is never started, and takes nobody's place.
func (h *headend) start(now, by time.Time) (at time.Time, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at = now
	if h.Rate > 0 && h.free.After(at) {
		at = h.free
	}
	if up := h.downUntil(at); !up.IsZero() {
		at = up
	}
	if at.After(by) {
		return time.Time{}, false
	}
	if h.Rate > 0 {
		h.free = at.Add(time.Duration(float64(time.Second) / h.Rate))
	}
	return at, true
}

// answer is a result, and when it is to be given.
type answer struct {
	at     time.Time
	card   []byte // the smartcard command's key
	result provisioning.Result
	of     *task // the command that it answers
}

// work returns the answers to a command that has been read now. done are the requests of its partition that the headend
// has done.
//
// A command without respond_by wants no answer: no results are read. One that is answered late is answered whenever it
// is read: it may have been done before a crash, and what waited then must not be lost.
func (h *headend) work(c *provisioning.SmartcardCommand, card []byte, now time.Time, done *memory) []answer {
	if c.RespondBy == nil {
		done.add(c.RequestNumber, now)
		return nil
	}
	by := c.RespondBy.Time()
	accepted := answer{card: card, result: result(c, provisioning.ResponseAccepted)}
	if finished, again := done.finished(c.RequestNumber); again {
		accepted.at = latest(now, finished)
		return []answer{accepted}
	}
	verdict := h.verdict(c)
	started, ok := h.start(now, by)
	if !ok && verdict != late {
		return nil
	}
	finished := latest(now, started).Add(h.Delay)
	switch verdict {
	case silent:
		return nil
	case reject, retryable:
		return []answer{{at: finished, card: card, result: h.refusal(c, verdict)}}
	case accept, late, twice, stray:
	}
	done.add(c.RequestNumber, finished)
	accepted.at = finished
	switch verdict {
	case late:
		accepted.at = latest(finished, by.Add(by.Sub(c.IssuedAt.Time())/2))
	case twice:
		return []answer{accepted, accepted}
	case stray:
		return append(strays(accepted), accepted)
	default:
	}
	return []answer{accepted}
}

// strays are answers to what nobody has asked: an attempt that was never made, and a request that never was.
func strays(a answer) []answer {
	const far = 1 << 40
	attempt, request := a, a
	attempt.result.Attempt += 1_000
	number, _ := provisioning.ParseRequestNumber(a.result.RequestNumber)
	number.Offset += far
	request.result.RequestNumber = number.String()
	return []answer{attempt, request}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// result begins a result. What an answer says depends on the command alone, but for when it is given.
func result(c *provisioning.SmartcardCommand, status provisioning.ResponseStatus) provisioning.Result {
	reference := "SIM-" + c.RequestNumber.String()
	return provisioning.Result{
		RequestNumber: c.RequestNumber.String(), Attempt: c.Attempt, Status: status, ReferenceNumber: &reference,
	}
}

// refusal is a REJECTED with its reason.
func (h *headend) refusal(c *provisioning.SmartcardCommand, v verdict) provisioning.Result {
	r := result(c, provisioning.ResponseRejected)
	code, text := "SIM_REJECTED", "the simulated headend refuses this card"
	if v == retryable {
		code, text = "SIM_BUSY", "the simulated headend has no time for this card now"
		r.Retryable = true
		if pause := h.RetryAfter.Milliseconds(); pause > 0 {
			r.RetryAfter = &pause
		}
	}
	r.ErrorCode, r.ErrorDescription = &code, &text
	return r
}
