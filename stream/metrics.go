package stream

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what every stage of a process counts; the names are those of docs/contract.md, "Metrics". Make them once
// for a registry with NewMetrics.
type Metrics struct {
	consumed     *prometheus.CounterVec   // topic
	transactions *prometheus.CounterVec   // stage, outcome
	steps        *prometheus.HistogramVec // stage
	restore      prometheus.Histogram
	restored     prometheus.Counter
	clockOffset  prometheus.Gauge
	lag          *lagCollector
}

// NewMetrics registers the machine's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		consumed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardstream_records_consumed_total", Help: "Records read and committed, by topic.",
		}, []string{"topic"}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardstream_transactions_total", Help: "Transactions by stage and outcome (committed, failed).",
		}, []string{"stage", "outcome"}),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cardstream_step_seconds", Help: "Time of one step, from taking its records to its commit, by stage.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}, []string{"stage"}),
		restore: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "cardstream_restore_seconds", Help: "Time to restore a partition's state after an assignment.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 15),
		}),
		restored: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cardstream_restore_records_total", Help: "Changelog records replayed while restoring.",
		}),
		clockOffset: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cardstream_clock_offset_seconds",
			Help: "This process's clock minus the broker's, as far as log-append times show it; 0 where they agree.",
		}),
		lag: newLagCollector(),
	}
	reg.MustRegister(m.consumed, m.transactions, m.steps, m.restore, m.restored, m.clockOffset, m.lag)
	return m
}
