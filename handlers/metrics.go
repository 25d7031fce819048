package handlers

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/provisioning"
)

// Metrics are what the handlers count; the names are those of docs/contract.md, "Metrics". Everything is counted when
// its step has been committed, so that a step done again is not counted twice. Make them once for a registry.
type Metrics struct {
	commands    *prometheus.CounterVec // outcome
	errors      *prometheus.CounterVec // code
	deadLetters *prometheus.CounterVec // topic, code
	transitions *prometheus.CounterVec // to
	smartcard   *prometheus.CounterVec // action, attempt
	results     *prometheus.CounterVec // status
	toSent      prometheus.Histogram
	response    prometheus.Histogram
	lateness    prometheus.Histogram
	requests    *requestsCollector
}

// The outcomes of a command.
const (
	outcomeAccepted     = "accepted"
	outcomeRejected     = "rejected"
	outcomeDuplicate    = "duplicate"
	outcomeCancelled    = "cancelled"
	outcomeDeadLettered = "dead_lettered"
)

// NewMetrics registers the handlers' metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cardstream_" + name, Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "cardstream_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		})
	}
	m := &Metrics{
		commands:    counter("commands_total", "Commands by outcome.", "outcome"),
		errors:      counter("command_errors_total", "What was wrong with commands, by code.", "code"),
		deadLetters: counter("dead_letters_total", "Records that could not be used, by topic and code.", "topic", "code"),
		transitions: counter("transitions_total", "Requests that came to a state.", "to"),
		smartcard:   counter("smartcard_commands_total", "Smartcard commands by action and attempt.", "action", "attempt"),
		results:     counter("headend_results_total", "Results of the headend, by what they turned out to be.", "status"),
		response:    seconds("headend_response_seconds", "From an attempt's smartcard command to the headend's result, if it came in time."),
		toSent: seconds("command_to_sent_seconds",
			"From the command's append to its smartcard command's commit, for requests due at their creation."),
		lateness: seconds("dispatch_lateness_seconds", "From a request's due time to its smartcard command's commit."),
		requests: newRequestsCollector(),
	}
	reg.MustRegister(m.commands, m.errors, m.deadLetters, m.transitions, m.smartcard,
		m.results, m.response, m.toSent, m.lateness, m.requests)
	return m
}

// tally is what a step has led to, until it is committed.
type tally struct {
	outcomes    map[string]int
	codes       map[provisioning.Code]int
	deadLetters map[deadLetterKey]int
	states      map[provisioning.State]int
	smartcard   map[smartcardKey]int
	results     map[provisioning.Reading]int
	responses   []time.Duration
	appended    []provisioning.Timestamp // commands' append, of requests sent that were due at their creation
	due         []provisioning.Timestamp // due times of requests sent
}

type deadLetterKey struct{ topic, code string }

type smartcardKey struct {
	action  provisioning.Action
	attempt string
}

// bump counts in a map that is made at the first use.
func bump[K comparable](m *map[K]int, key K) {
	if *m == nil {
		*m = make(map[K]int)
	}
	(*m)[key]++
}

func (t *tally) outcome(o string)              { bump(&t.outcomes, o) }
func (t *tally) deadLetter(topic, code string) { bump(&t.deadLetters, deadLetterKey{topic, code}) }
func (t *tally) reached(s provisioning.State)  { bump(&t.states, s) }
func (t *tally) violation(c provisioning.Code) { bump(&t.codes, c) }

// result counts a result of the headend.
func (t *tally) result(r provisioning.Reading) { bump(&t.results, r) }

// answered measures how long the headend took.
func (t *tally) answered(sentAt *provisioning.Timestamp, now provisioning.Timestamp) {
	if sentAt != nil {
		t.responses = append(t.responses, now.Sub(*sentAt))
	}
}

// rejected counts a command and everything that is wrong with it.
func (t *tally) rejected(wrong []provisioning.Violation) {
	t.outcome(outcomeRejected)
	for _, v := range wrong {
		t.violation(v.Code)
	}
}

// sent counts an attempt.
func (t *tally) sent(r *provisioning.Request) {
	attempt := "more"
	if r.Attempts <= 3 {
		attempt = strconv.Itoa(int(r.Attempts))
	}
	bump(&t.smartcard, smartcardKey{r.Action, attempt})
	if r.Attempts > 1 {
		return
	}
	t.due = append(t.due, r.DueAt)
	if r.DueAt == r.CreatedAt {
		t.appended = append(t.appended, r.CommandAppendedAt)
	}
}

// count adds a committed step's tally to the metrics, and empties it.
func (m *Metrics) count(t *tally, now time.Time) {
	for o, n := range t.outcomes {
		m.commands.WithLabelValues(o).Add(float64(n))
	}
	for c, n := range t.codes {
		m.errors.WithLabelValues(string(c)).Add(float64(n))
	}
	for k, n := range t.deadLetters {
		m.deadLetters.WithLabelValues(k.topic, k.code).Add(float64(n))
	}
	for s, n := range t.states {
		m.transitions.WithLabelValues(string(s)).Add(float64(n))
	}
	for k, n := range t.smartcard {
		m.smartcard.WithLabelValues(string(k.action), k.attempt).Add(float64(n))
	}
	for r, n := range t.results {
		m.results.WithLabelValues(string(r)).Add(float64(n))
	}
	for _, d := range t.responses {
		m.response.Observe(max(0, d.Seconds()))
	}
	committed := provisioning.TimestampOf(now)
	for _, at := range t.appended {
		m.toSent.Observe(max(0, committed.Sub(at).Seconds()))
	}
	for _, at := range t.due {
		m.lateness.Observe(max(0, committed.Sub(at).Seconds()))
	}
	*t = tally{appended: t.appended[:0], due: t.due[:0], responses: t.responses[:0]}
}
